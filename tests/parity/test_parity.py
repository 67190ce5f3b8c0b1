"""The service answers the catalogue's reads as the monolith does, and a service that did not would be found out."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from demo.stack import ROOT, Stack
from strangler.compare import Answer, Rules, Verdict, load_rules
from tests.parity.cases import READS, Case, generate
from tests.parity.planted import BUGS
from tests.parity.sides import Asker, ask_in_process, compared, schema_of, shop_of

_LAG = 3.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The cases, with what the monolith answered to each."""

    cases: list[Case]
    old: list[Answer]


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules(ROOT / "proxy" / "strangler.rules.toml")


@pytest.fixture(scope="module")
def monolith(stack: Stack) -> Iterator[Asker]:
    asker = Asker(stack, "monolith")
    yield asker
    asker.close()


@pytest.fixture(scope="module")
def asked(stack: Stack, monolith: Asker) -> Asked:
    cases = generate(schema_of(stack), shop_of(stack))
    first = [monolith.ask(case) for case in cases]
    # What has an ETag is asked again with it, as a browser would.
    conditional = [
        Case(case.route, case.target, headers={**case.headers, "If-None-Match": tag})
        for case, answer in zip(cases, first, strict=True)
        if case.method == "GET" and answer.status == 200 and (tag := answer.header("ETag"))
    ][::5]
    return Asked(cases + conditional, first + [monolith.ask(case) for case in conditional])


def test_the_cases_are_many_and_cover_every_read(asked: Asked) -> None:
    assert len(asked.cases) >= 300
    statuses = {route: {old.status for case, old in zip(asked.cases, asked.old, strict=True) if case.route == route}
                for route in READS}  # fmt: skip
    assert statuses["catalog.product-list"] >= {200, 301, 304, 400, 404}
    assert statuses["catalog.product-detail"] >= {200, 304, 404}
    assert statuses["catalog.reviews"] >= {200, 304, 404}
    assert statuses["catalog.categories"] >= {200, 304}


def test_both_sides_answer_every_case_alike(stack: Stack, asked: Asked, monolith: Asker, rules: Rules) -> None:
    service = Asker(stack, "catalog")
    differing = []
    for case, old in zip(asked.cases, asked.old, strict=True):
        comparison = compared(case, old, service.ask(case), rules)
        deadline = time.monotonic() + _LAG
        while comparison.verdict is not Verdict.AGREE and time.monotonic() < deadline:
            comparison = compared(case, monolith.ask(case), service.ask(case), rules)
        if comparison.verdict is not Verdict.AGREE:
            differing.append("\n  ".join([str(case), comparison.cause, *map(str, comparison.differences[:4])]))
    service.close()
    assert not differing, f"{len(differing)} of {len(asked.cases)} cases differ:\n" + "\n".join(differing[:25])


def test_the_code_in_this_process_answers_alike_without_a_bug(stack: Stack, asked: Asked, rules: Rules) -> None:
    assert _first_difference(stack, asked, rules) is None


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(
    stack: Stack, asked: Asked, rules: Rules, bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    BUGS[bug](monkeypatch)
    assert _first_difference(stack, asked, rules), f"{bug}: {len(asked.cases)} cases and none differed"


def _first_difference(stack: Stack, asked: Asked, rules: Rules) -> str | None:
    pairs = list(zip(asked.cases, asked.old, strict=True))
    # In an order of its own, since the cases of one kind stand together and a bug shows in one kind first.
    random.Random(1).shuffle(pairs)
    for start in range(0, len(pairs), 60):
        some = pairs[start : start + 60]
        answers = ask_in_process(stack, [case for case, _ in some])
        for (case, old), new in zip(some, answers, strict=True):
            comparison = compared(case, old, new, rules)
            if comparison.verdict is Verdict.DIFFER:
                return "\n  ".join([str(case), *map(str, comparison.differences[:3])])
    return None


def test_every_rule_of_the_shop_is_needed(asked: Asked, stack: Stack, rules: Rules) -> None:
    answers = ask_in_process(stack, asked.cases)
    used = [compared(case, old, new, rules) for case, old, new in zip(asked.cases, asked.old, answers, strict=True)]
    assert rules.unused(used) == ()
