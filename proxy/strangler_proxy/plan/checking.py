"""Whether anybody is still answered by the old code, as proxy and monolith have counted it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from strangler.callers import read_callers
from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement
from strangler.toggles import Side
from strangler_proxy.plan.checks import NoTraffic
from strangler_proxy.plan.moves import spoken
from strangler_proxy.plan.world import Judged

__all__ = ["callers_judged", "traffic_judged", "traffic_step"]

_PARTS: Final = 50
_SHORTEST_STEP: Final = 5
_LONGEST_STEP: Final = 86_400
# A proxy that counted nothing for that part of the time may have stood aside for as long.
_LONGEST_SILENCE: Final = 0.1


def traffic_step(seconds: float) -> int:
    """The length of the windows to be asked for, in seconds, where the whole is so long."""
    step = int(seconds / _PARTS / _SHORTEST_STEP) * _SHORTEST_STEP
    return min(max(step, _SHORTEST_STEP), _LONGEST_STEP)


def traffic_judged(wanted: NoTraffic, names: Sequence[str], windows: Sequence[Mapping[str, Any]], now: float) -> Judged:
    """Whether the monolith has answered none of the routes `names`, by the windows of all routes since the time began.

    A request that the candidate failed and the monolith answered in its place counts: it was still needed. Where the
    proxy has not been counting for the whole time, that is inconclusive.
    """
    time, since = spoken(wanted.seconds), now - wanted.seconds
    needed: dict[str, int] = {}
    last = since
    for window in windows:
        count = window["requests"] if window["side"] == Side.MONOLITH else window["fallbacks"]
        if count and window["route"] in names:
            needed[window["route"]] = needed.get(window["route"], 0) + count
            last = min(max(last, window["start"] + window["seconds"]), now)
    if needed:
        told = ", ".join(f"{route} {count}" for route, count in sorted(needed.items()))
        reason = (
            f"The monolith still answered, the last time before {_moment(last)}: {told}; wanted is none for {time}."
        )
        return _judged("no_traffic", GateVerdict.FAIL, reason, {"requests": needed, "last": last})
    silence = _silence(windows, since, now)
    if silence > wanted.seconds * _LONGEST_SILENCE:
        reason = (
            f"For {spoken(round(silence))} the proxy counted no request at all; wanted is {time} without the monolith."
        )
        return _judged("no_traffic", GateVerdict.INCONCLUSIVE, reason, {"silence": silence})
    reason = f"The monolith answered none of {', '.join(names)} for {time}."
    return _judged("no_traffic", GateVerdict.PASS, reason, {"silence": silence})


def callers_judged(wanted: NoTraffic, folder: Path, now: float) -> Judged:
    """Whether nobody has reached the views, by what the monolith itself has counted. Raises ConfigError for a file that
    is not there or wrong."""
    callers = read_callers(folder / wanted.callers)
    found = callers.unused(wanted.views, seconds=wanted.seconds, now=datetime.fromtimestamp(now, UTC))
    return _judged("callers", found.verdict, found.reason, {"file": wanted.callers, "views": list(wanted.views)})


def _silence(windows: Sequence[Mapping[str, Any]], since: float, now: float) -> float:
    """The longest time without a window of any route."""
    longest, reached = 0.0, since
    for start, end in sorted(
        {(each["start"], each["start"] + each["seconds"]) for each in windows if each["requests"]}
    ):
        longest, reached = max(longest, start - reached), max(reached, end)
    return max(longest, now - reached)


def _judged(name: str, verdict: GateVerdict, reason: str, figures: Mapping[str, Any]) -> Judged:
    return Judged("", GateJudgement(name, verdict, reason, figures))


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone():%Y-%m-%d %H:%M:%S}"
