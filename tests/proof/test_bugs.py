"""A short part of A/B: a few bugs of each kind are found under traffic with noise, and without a bug nothing is."""

from __future__ import annotations

from collections import Counter
from typing import Final

import pytest

from demo.stack import Stack
from tests.parity.planted import BUGS
from tests.proof.bugs import BugPlan, run
from tests.proof.flaws import BEYOND, FLAWS, Flaw
from tests.proof.hunt import Effort

_SOME: Final = (
    "rounding: tax is rounded down",
    "few inputs: one product in 37 counts a review too many",
    "duplicate key: the SKU stands twice",
    "sorting: none, and every time another",
    "header: Vary is missing",
    "amid noise: a date for a time",
    "amid noise: the time is without its zone",
    "amid noise: a suggestion without its price",
    "amid noise: one suggestion too few",
    "cookie: csrftoken loses SameSite",
    "form: the CSRF field is empty",
    "time: nothing",
    "beside: an item without its price",
    "German: the page says that it is English",
)


def test_bugs_are_many_and_every_planted_one_is_among_them() -> None:
    names = Counter(flaw.name for flaw in FLAWS)
    assert len(FLAWS) >= 150
    assert names.most_common(1)[0][1] == 1
    assert {*names, *(flaw.name for flaw in BEYOND)} >= set(BUGS)


@pytest.mark.parametrize("flaw", [*FLAWS, *BEYOND], ids=lambda flaw: flaw.name)
def test_a_bug_is_made_in_one_way(flaw: Flaw) -> None:
    assert [flaw.plant, flaw.spoil, flaw.change].count(None) == 2
    assert flaw.at or flaw in BEYOND


@pytest.mark.timeout(300)
def test_bugs_are_found_amid_noise_and_nothing_else_is(stack: Stack) -> None:
    flaws = [flaw for flaw in FLAWS if flaw.name in _SOME]
    assert len(flaws) == len(_SOME)
    effort = Effort(seeds=(1,), pairs=25, most=1_500, judged=2)
    plan = BugPlan(effort, quiet=150, flaws=flaws, beyond={}, products=2, visitors=(("en", 0), ("de", 1)))
    hunt = run(stack, plan)
    assert {each.name: each.elsewhere or each.outcomes for each in hunt.hunted if not each.good} == {}
    assert hunt.quiet.examples == []
    assert hunt.good
