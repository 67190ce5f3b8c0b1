"""Looking at one route or seam through the control API. Every function asks, so call it in a thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from strangler.errors import ControlRefused
from strangler.evidence import MINUTE
from strangler.toggles import Stage, Toggle, format_share
from strangler_proxy.client import ControlClient
from strangler_proxy.page.amounts import duration
from strangler_proxy.page.route_charts import (
    Range,
    agreement_chart,
    days_chart,
    latency_chart,
    marks_of,
    rate_chart,
)
from strangler_proxy.page.route_moves import Held, asked_of, wanted
from strangler_proxy.page.route_shown import (
    Gate,
    Moved,
    ShownRollout,
    Sides,
    Takes,
    chosen_rollout,
    gates_of,
    moves_in,
    shown_rollout,
    sides_of,
    takes_of,
)
from strangler_proxy.rollout.words import told_schedule

__all__ = ["CHARTS", "Look", "Strange", "charted", "differing", "gates_before", "held_of", "look", "toggle_of"]

CHARTS: Final = ("rate", "latency", "agreement")
_ENTRIES: Final = 50
_RECENT: Final = 60
_MOST_MARKS: Final = 200
_BY_MINUTES: Final = 86_400
_DRY: Final = "what would become of it"
# Windows are whole so many seconds after their end.
_LATE: Final = 2.0
_DOOR: Final = "To retire is a one-way door, which wants the role `approve`."


class Strange(Exception):
    """There is no route or seam of that name."""


@dataclass(frozen=True, slots=True)
class Look:
    """A route or seam as it stands. `toggle` is None where there is but one side, `takes` for a seam, and for what the
    configuration does not have any more. `live` is on how many workers the revision is, `candidate` what is known of
    that upstream; `sides` what customers got lately. `lost` says which store does not answer, and leaves empty what is
    kept there."""

    name: str
    toggle: Toggle | None
    takes: Takes | None
    revision: int
    live: str
    configured: bool
    candidate: Mapping[str, Any] | None
    history: tuple[Moved, ...]
    rollout: ShownRollout | None
    schedules: tuple[tuple[str, str], ...]
    sides: Sides
    lost: tuple[str, ...] = ()


def toggle_of(client: ControlClient, name: str) -> tuple[Toggle | None, int]:
    """The toggle of that name, None for none, and the revision that it is of."""
    snapshot = client.snapshot()
    return snapshot.toggles.get(name), snapshot.revision


def look(client: ControlClient, name: str) -> Look:
    """All that is told of a route or seam at once. Raises Strange."""
    toggle, revision = toggle_of(client, name)
    row = next((each for each in client.routes() if each["name"] == name), None)
    if toggle is None and row is None:
        raise Strange(name)
    status = client.status()
    lost: list[str] = []
    rollout = None if toggle is None else chosen_rollout(_kept(client.rollouts, lost), name)
    takes = None if row is None else takes_of(row)
    known = {each["name"]: each for each in status["upstreams"]}
    configured = any(each["name"] == name and each["configured"] for each in status["toggles"])
    return Look(
        name=name,
        toggle=toggle,
        takes=takes,
        revision=revision,
        live=status["live"],
        configured=configured or toggle is None,
        candidate=None if takes is None else known.get(takes.candidate),
        history=() if toggle is None else moves_in(_kept(lambda: client.history(name, limit=_ENTRIES), lost)),
        rollout=None if rollout is None else shown_rollout(rollout, name),
        schedules=() if toggle is None else tuple((each["name"], told_schedule(each)) for each in client.schedules()),
        sides=Sides() if row is None else sides_of(_kept(lambda: _recent(client, name), lost), _RECENT),
        lost=tuple(dict.fromkeys(lost)),
    )


def held_of(client: ControlClient, toggle: Toggle, *, may_approve: bool) -> dict[Stage, Held]:
    """What the control plane has against each move that the stages' rules allow."""
    found = {stage: _held(client, toggle, stage, may_approve=may_approve) for stage in asked_of(toggle)}
    return {stage: held for stage, held in found.items() if held is not None}


def gates_before(client: ControlClient, name: str) -> tuple[str, tuple[Gate, ...]]:
    """Before which stage a route or seam has gates to pass (empty: before none), and what they come to now."""
    (row,) = client.gates([name])
    return row["before"] or "", gates_of(row["gates"])


def differing(client: ControlClient, name: str) -> Mapping[str, Any] | None:
    """In short, where pairs of the newest release differ; None where none does, no store says so, or there are no pairs
    to look at, as of a seam."""
    try:
        rows = _kept(lambda: client.differences([name])["routes"], [])
    except ControlRefused as refused:
        if refused.code != "unknown_toggle":
            raise
        return None
    return next((each for each in rows if each["differ"]), None)


def charted(client: ControlClient, name: str, chart: str, over: Range) -> dict[str, Any]:
    """The document of a chart, one of `CHARTS`."""
    now = time.time() - _LATE
    entries = client.history(name, limit=_MOST_MARKS)
    since = now - over.seconds
    if chart == "agreement":
        return _agreement(client, name, entries, over, now)
    windows = client.traffic(since=since // over.step * over.step, step=over.step, names=[name])
    draw = rate_chart if chart == "rate" else latency_chart
    empty = f"Nobody has asked for it in the last {over.label.removeprefix('1 ')}."
    if windows:
        empty = f"A point here is {duration(over.step)}, and the first is not over yet: choose a shorter time."
    return draw(windows, marks_of(entries, windows, since=since), over, now, empty=empty)


def _agreement(
    client: ControlClient, name: str, entries: list[dict[str, Any]], over: Range, now: float
) -> dict[str, Any]:
    """By minutes, as long as those are kept; else by days."""
    empty = f"No pair in the last {over.label.removeprefix('1 ')}: in stage shadow both sides are asked, and compared."
    since = now - over.seconds
    if over.seconds <= _BY_MINUTES:
        over = replace(over, step=max(over.step, MINUTE))
        rows = client.minutes([name], since=since // over.step * over.step, step=over.step)
        return agreement_chart(rows, marks_of(entries, rows, since=since), over, now, empty=empty)
    rows = client.days([name], since=since)
    return days_chart(rows, marks_of(entries, rows, since=since), over, now, empty=empty)


def _recent(client: ControlClient, name: str) -> list[dict[str, Any]]:
    return client.traffic(since=time.time() - _LATE - _RECENT, step=5, names=[name])


def _kept(asked: Callable[[], list[dict[str, Any]]], lost: list[str]) -> list[dict[str, Any]]:
    """What a store has, nothing where it does not answer, which `lost` is told of."""
    try:
        return asked()
    except ControlRefused as refused:
        if refused.code != "store_unavailable":
            raise
        lost.append(refused.wrong)
        return []


def _held(client: ControlClient, toggle: Toggle, stage: Stage, *, may_approve: bool) -> Held | None:
    if stage is Stage.RETIRED and not may_approve:
        return Held(_DOOR)
    try:
        _ask(client, toggle, stage)
    except ControlRefused as refused:
        if refused.code != "move_refused" or not may_approve:
            return Held(refused.wrong, refused.remedy)
        try:
            _ask(client, toggle, stage, force=True)
        except ControlRefused:
            return Held(refused.wrong, refused.remedy)
        return Held(refused.wrong, forced=True)
    return None


def _ask(client: ControlClient, toggle: Toggle, stage: Stage, *, force: bool = False) -> None:
    move = wanted(toggle, stage)
    share = None if move.share is None else format_share(move.share)
    client.flip([toggle.name], stage.value, why=_DRY, share=share, force=force, confirm=move.confirm, dry_run=True)
