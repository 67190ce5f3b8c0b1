"""What is told of rollouts, in words. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Any, Final

from strangler_proxy.rollout import Place, RolloutState
from strangler_proxy.rollout.rollout import GUARDED, OVER
from strangler_proxy.rollout.words import told_seconds

__all__ = ["goes_on", "rollout_line", "told_brief", "told_rollout", "verdict_of"]

_MARKS: Final = {"pass": "pass", "fail": "FAIL", "inconclusive": "not yet"}
_LONGEST: Final = 200
_WANTS_PERSON: Final = {RolloutState.PAUSED, RolloutState.STEPPED_BACK, RolloutState.OVERTAKEN}


def goes_on(rollout: Mapping[str, Any]) -> bool:
    """Whether it is not over."""
    return RolloutState(rollout["state"]) not in OVER


def verdict_of(rollouts: Sequence[Mapping[str, Any]]) -> int:
    """The exit code: 1 where one wants a person, 3 where one is under way, else 0."""
    states = {RolloutState(each["state"]) for each in rollouts}
    if states & _WANTS_PERSON:
        return 1
    return 3 if states - OVER else 0


def rollout_line(rollout: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """One as a row: name, state, place, how far, by whom."""
    stations = len(rollout["schedule"]["stations"])
    far = f"{rollout['at'] + 1}/{stations}"
    return rollout["name"], rollout["state"], _place(rollout["place"]), far, rollout["who"]


def told_brief(rollout: Mapping[str, Any]) -> str:
    """One in a line, for `strangler status`."""
    return f"rollout {rollout['name']}: {rollout['state']} at {_place(rollout['place'])}; {rollout['reason']}"


def told_rollout(rollout: Mapping[str, Any]) -> Iterator[str]:
    """One in full: where it is, what it does, what its gates say, and what a person can do."""
    state = RolloutState(rollout["state"])
    pending = rollout["pending"]
    way = "" if pending is None else f" on its way to {_place(pending['place'])}"
    yield f"{rollout['name']}: {state} at {_place(rollout['place'])}{way}, by schedule {rollout['schedule']['name']}"
    yield f"  {' > '.join(_walk(rollout))}"
    doing = rollout["doing"]
    # While it walks, its gates stand below one by one.
    yield f"  {shorten(doing, _LONGEST, placeholder=' …') if state is RolloutState.RUNNING else doing}"
    if rollout["reason"] and rollout["reason"] != rollout["doing"]:
        yield f"  {rollout['reason']}"
    if state in GUARDED:
        for name, judgements in rollout["gates"].items():
            for each in judgements:
                yield f"  {name}  {each['gate']}: {_MARKS[each['verdict']]}. {each['reason']}"
    # While a move is under way, whatever else it is told is refused.
    if pending is None:
        yield from (f"  {each}" for each in _ways_on(rollout["name"], state))


def _walk(rollout: Mapping[str, Any]) -> Iterator[str]:
    """The stations, the present one in brackets, each with its least time."""
    for index, station in enumerate(rollout["schedule"]["stations"]):
        told = f"{_place(station)} ({told_seconds(station['seconds'])}"
        if index == rollout["at"] and rollout["until"] is not None and rollout["state"] == RolloutState.RUNNING:
            left = rollout["until"] - time.time()
            told += f", {told_seconds(left)} left" if left > 0 else ", over"
        yield f"[{told})]" if index == rollout["at"] else f"{told})"


def _ways_on(name: str, state: RolloutState) -> list[str]:
    quoted = f"'{name}'" if any(each in name for each in "*?[,") else name
    if state is RolloutState.RUNNING:
        return [
            f"stop it: strangler rollout freeze {quoted} --why ...; end it: strangler rollout abort {quoted} --why ..."
        ]
    if state in OVER:
        return []
    return [f"go on: strangler rollout resume {quoted} --why ...; end it: strangler rollout abort {quoted} --why ..."]


def _place(document: Mapping[str, Any]) -> str:
    return str(Place.from_json(document))
