"""The gates that are judged on the machine of the person who judges: addresses, commands, Prometheus."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from strangler.gates import GateJudgement, Gates, Observed, judge
from strangler_proxy.gates.command import Run, command_seen
from strangler_proxy.gates.outside import ask_probe, ask_prometheus

__all__ = ["OUTSIDE", "is_outside", "judge_here", "sent_along"]

OUTSIDE: Final = ("probe", "command", "prometheus")
"""The keys of a table of gates that the control API does not take."""

_NOTHING: Final = Gates()


def is_outside(gates: Gates) -> bool:
    """Whether there is anything to be judged here."""
    return bool(_outside(gates))


def judge_here(gates: Gates, run: Run | None) -> list[GateJudgement]:
    """Ask every address and Prometheus, `run` every command of `gates` (None: none of them), one after the other, and
    judge; of the rest nothing. It blocks for as long as they take."""
    outside = _outside(gates)
    now = time.time()
    seen = Observed(
        route="",
        since=now,
        now=now,
        probes={each: ask_probe(each) for each in outside.probes},
        commands={each: command_seen(each, run) for each in outside.commands} if run is not None else {},
        prometheus={each: ask_prometheus(each) for each in outside.prometheus},
    )
    return judge(outside, seen)


def sent_along(table: Mapping[str, Any]) -> dict[str, Any]:
    """What of a table of gates, as it was written, the control API judges."""
    return {key: value for key, value in table.items() if key not in OUTSIDE}


def _outside(gates: Gates) -> Gates:
    return replace(_NOTHING, probes=gates.probes, commands=gates.commands, prometheus=gates.prometheus)
