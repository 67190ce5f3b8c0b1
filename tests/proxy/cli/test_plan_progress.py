"""How a step that goes on is told: at a terminal in place, elsewhere whenever a verdict becomes another."""

from __future__ import annotations

import sys

import pytest
from strangler_proxy.cli.plan_progress import PlanProgress
from strangler_proxy.plan.told import Told, ToldKind
from strangler_proxy.plan.world import Judged

from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement

WAITS, PASSES = GateVerdict.INCONCLUSIVE, GateVerdict.PASS


def judged(verdict: GateVerdict, reason: str) -> Told:
    return Told(ToldKind.JUDGED, "a", reason, (Judged("catalog.list", GateJudgement("agreement", verdict, reason)),))


def test_a_verdict_is_told_when_it_becomes_another_and_not_every_second(capsys: pytest.CaptureFixture[str]) -> None:
    with PlanProgress() as progress:
        for told in (judged(WAITS, "1 pair"), judged(WAITS, "2 pairs"), judged(PASSES, "60 pairs")):
            progress.tell(told)
    said = capsys.readouterr().err
    assert "inconclusive: catalog.list agreement: 1 pair" in said
    assert "2 pairs" not in said
    assert "pass: catalog.list agreement: 60 pairs" in said


def test_what_others_wrote_cannot_play_with_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlanProgress()
    progress.tell(Told(ToldKind.MADE, "a", "x\x1b[2J"))
    progress.tell(Told(ToldKind.WAITS, "a", "y\x1b[2J" + "z" * 1000))
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert len(said) < 600


def test_at_a_terminal_what_is_waited_for_changes_in_place(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with PlanProgress() as progress:
        progress.tell(Told(ToldKind.MOVES, "a", "catalog.* to shadow"))
        progress.tell(judged(WAITS, "1 pair"))
        progress.tell(Told(ToldKind.WAITS, "a", "5 s left"))
        progress.show("printed by a command")
        progress.tell(judged(PASSES, "60 pairs"))
    said = capsys.readouterr().err
    assert "catalog.* to shadow" in said
    assert "printed by a command" in said
    assert "60 pairs" in said


def test_nothing_is_told_beside_json(capsys: pytest.CaptureFixture[str]) -> None:
    with PlanProgress(quiet=True) as progress:
        progress.tell(judged(WAITS, "1 pair"))
        progress.tell(Told(ToldKind.WAITS, "a", "5 s left"))
        progress.show("printed")
    assert capsys.readouterr().err == ""
