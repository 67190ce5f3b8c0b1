"""What the monolith draws by chance is no difference, however rarely one of two values comes; a wrong one still is."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter

import pytest

from strangler.compare import Answer
from tests.parity.cases import Case
from tests.proof.trial import Judge

CASE = Case("home", "/")
PAIRS = 1_500


def verdicts(share: float, *, wrong: str = "") -> Counter[str]:
    """Pairs by what is said of them, of a page with one of two banners, the second one with a probability of `share`;
    the new side has the `wrong` one, if any."""
    chance, judge, found = random.Random(f"{share}"), Judge(), Counter[str]()

    async def old() -> Answer:
        return page("summer" if chance.random() < share else "winter")

    async def new() -> Answer:
        return page(wrong) if wrong else await old()

    async def ask() -> None:
        for _ in range(PAIRS):
            finding = await judge.finding(CASE, old, new)
            found["agree" if finding is None else finding.cause or finding.verdict.value] += 1

    asyncio.run(ask())
    return found


def page(banner: str) -> Answer:
    return Answer(200, (("Content-Type", "application/json"),), json.dumps({"banner": banner}).encode())


@pytest.mark.parametrize("share", [0.5, 0.125, 0.02])
def test_a_value_that_is_drawn_by_chance_is_no_difference(share: float) -> None:
    found = verdicts(share)
    assert found["differ"] == 0
    assert found["agree"] > 0.9 * PAIRS


@pytest.mark.parametrize("wrong", ["7", "https://shop.example/"])
def test_a_wrong_kind_of_value_is_found_in_every_pair(wrong: str) -> None:
    assert verdicts(0.125, wrong=wrong)["differ"] == PAIRS
