"""Kept cases, each of a bug that was planted once: they find it again, and find nothing where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.stack import Stack
from strangler.compare import Verdict, load_rules
from strangler.parity import Disagreement, HttpSide, Parity, ParitySettings, Sides
from strangler.recording import Case, read_case
from tests.parity.planted import BUGS
from tests.parity.sides import in_process

FILES = sorted(Path(__file__).parent.glob("cases/*.parity.json"))


def bug_of(case: Case) -> str:
    """A case's note says whose it is."""
    return case.note.removeprefix("Planted: ")


def test_every_kept_case_is_a_pair_that_differed_by_a_planted_bug() -> None:
    cases = [read_case(file) for file in FILES]
    assert len(cases) >= 4
    assert all(case.verdict is Verdict.DIFFER and case.new is not None for case in cases)
    assert {bug_of(case) for case in cases} <= set(BUGS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_a_kept_case_finds_its_bug_again(
    file: Path, stack: Stack, parity_sides: Sides, parity_rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, old = read_case(file), HttpSide(str(parity_sides.old))
    BUGS[bug_of(case)](monkeypatch)
    with in_process(stack) as new:
        settings = ParitySettings(rules_file=str(parity_rules))
        parity = Parity(old, new, load_rules(parity_rules), settings=settings, headers=parity_sides.headers)
        with pytest.raises(Disagreement, match="the sides differ"):
            parity.check_case(case)
    old.close()
