"""What a rollout does next. Pure: the rollout, what was seen, and the time give one act and its reason.

- A station has a least time. When it is over, every gate must pass for the next one. A gate that fails at whatever time
  takes all toggles of the rollout back at once, also while it is frozen, paused or already stepped back.
- A gate that is inconclusive when the time is over is waited for, then the rollout pauses: a person is wanted.
- A release of the candidate that was not met at this station begins its evidence anew; the time too.
- A toggle that stands where the rollout did not leave it was moved by hand: the rollout touches nothing from then on.
- One move at a time, to the next station or back; a move is written down as an intent before it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement
from strangler.toggles import Stage, Toggle
from strangler_proxy.rollout.place import Place
from strangler_proxy.rollout.rollout import GUARDED, OVER, START, Intent, Rollout, RolloutState
from strangler_proxy.rollout.schedule import BackTo
from strangler_proxy.rollout.words import told_seconds

__all__ = ["Act", "ActKind", "Seen", "decide"]


class ActKind(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    """There is nothing to be done, and nothing to wait for but people."""
    HOLD = "hold"
    """Stay, for the station's time or for a gate."""
    ADVANCE = "advance"
    """Move to the next station."""
    BACK = "back"
    """Move back."""
    PAUSE = "pause"
    """Stop and ask for a person."""
    FINISH = "finish"
    """The last station is passed."""
    RENEW = "renew"
    """Count the evidence of this station anew."""
    MEET = "meet"
    """Note which release of the candidate answers."""
    SETTLE = "settle"
    """The intended move was made: note where the toggles are."""
    CANCEL = "cancel"
    """The intended move was not made: forget the intent."""
    YIELD = "yield"
    """Somebody moved the toggles by hand: leave them to them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to go by: the toggles of the rollout that exist, by name; the judgements of its gates since the
    station began, by toggle; the candidates' releases that answered last, by toggle (those that say which they are)."""

    toggles: Mapping[str, Toggle]
    judgements: Mapping[str, Sequence[GateJudgement]] = field(default_factory=dict)
    heard: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def evidence(self) -> dict[str, Any]:
        """What the judgements were, as plain JSON types, for the audit."""
        return {name: [each.to_json() for each in found] for name, found in self.judgements.items()}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do, why in one sentence, and for a move its intent. `releases` are those to remember."""

    kind: ActKind
    reason: str
    intent: Intent | None = None
    releases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def decide(rollout: Rollout, seen: Seen, now: float) -> Act:
    """What `rollout` does at `now` (seconds since 1970)."""
    if rollout.state in OVER or rollout.state is RolloutState.OVERTAKEN:
        return Act(ActKind.NOTHING, rollout.reason)
    astray = _astray(rollout, seen, rollout.place)
    intent = rollout.pending
    if intent is not None and astray:
        elsewhere = _astray(rollout, seen, intent.place)
        return Act(ActKind.YIELD, elsewhere) if elsewhere else Act(ActKind.SETTLE, intent.reason, intent)
    if astray:
        return Act(ActKind.YIELD, astray)
    if intent is not None:
        if intent.place < rollout.place:
            return Act(ActKind.BACK, intent.reason, intent)
        told = f"On the way to {intent.place}; should nobody be making that move any more, it is judged anew."
        return Act(ActKind.CANCEL, told)
    if rollout.state in GUARDED and rollout.at != START:
        failing = _failing(rollout, seen)
        if failing:
            return _back(rollout, failing)
        met = _met(rollout, seen)
        if met is not None:
            return met
    if rollout.state is not RolloutState.RUNNING:
        return Act(ActKind.NOTHING, rollout.reason)
    return _onward(rollout, seen, now)


def _astray(rollout: Rollout, seen: Seen, place: Place) -> str:
    """Which toggles do not stand at `place`, in a sentence; empty where all do."""
    gone = [name for name in rollout.toggles if name not in seen.toggles]
    if gone:
        return f"There is no toggle {', '.join(gone)} any more."
    others = [each for each in (seen.toggles[name] for name in rollout.toggles) if Place.of(each) != place]
    if not others:
        return ""
    told = ", ".join(f"{each.name} is at {Place.of(each)}" for each in others)
    return f"Moved by hand: {told}, and the rollout had left it at {place}."


def _failing(rollout: Rollout, seen: Seen) -> str:
    """The gates that fail, in a sentence each; empty where none does."""
    failing = [
        f"{name}: {judgement.reason}"
        for name in rollout.toggles
        for judgement in seen.judgements.get(name, ())
        if judgement.verdict is GateVerdict.FAIL
    ]
    return " ".join(failing)


def _back(rollout: Rollout, failing: str) -> Act:
    place, at = _way_back(rollout)
    reason = f"A gate fails at {rollout.place}, so back to {place}: {failing}"
    return Act(ActKind.BACK, reason, Intent(place, at, RolloutState.STEPPED_BACK, reason))


def _way_back(rollout: Rollout) -> tuple[Place, int]:
    """The nearest good place below the present one, and its station: what the schedule says, else the last station that
    was passed, else where the rollout began, else the stage before customers noticed."""
    stations, at = rollout.schedule.stations, rollout.at
    if rollout.schedule.back_to is not BackTo.LAST:
        stage = Place(Stage(rollout.schedule.back_to.value))
        if stage < rollout.place:
            return stage, START
    if at > 0:
        return stations[at - 1].place, at - 1
    for place in (rollout.began, Place(Stage.SHADOW)):
        if place < rollout.place:
            return place, START
    return Place(Stage.MONOLITH), START


def _met(rollout: Rollout, seen: Seen) -> Act | None:
    """What to do about the releases that answer now; None where they are the ones that the evidence is of."""
    releases, fresh, news = dict(rollout.releases), [], False
    for name in rollout.toggles:
        heard, known = seen.heard.get(name, frozenset()), rollout.releases.get(name, ())
        if not heard or (heard <= set(known) and known[-1] in heard):
            continue
        news = True
        latest = sorted(heard - set(known)) or sorted(heard)
        releases[name] = (*sorted(heard - set(latest)), *latest)
        if known:
            fresh.append(f"{name} is answered by release {latest[-1]} after {known[-1]}")
    if not news:
        return None
    if not fresh:
        return Act(ActKind.MEET, rollout.reason, releases=releases)
    return Act(ActKind.RENEW, f"{', '.join(fresh)}: the evidence of {rollout.place} begins anew.", releases=releases)


def _onward(rollout: Rollout, seen: Seen, now: float) -> Act:
    """What a rollout that runs does where no gate fails."""
    station = rollout.station
    if station is None:
        return _advance(rollout, rollout.reason)
    over = rollout.since + station.seconds
    waits = _waits(rollout, seen)
    if now < over:
        so_far = f"Not passed so far: {waits}" if waits else "All gates pass so far."
        return Act(ActKind.HOLD, f"{rollout.place} for {told_seconds(over - now)} yet. {so_far}")
    if not waits:
        return _advance(rollout, f"All gates pass at {rollout.place}.")
    until = max(over, rollout.waiting) + rollout.schedule.patience
    if now < until:
        left = f"it pauses in {told_seconds(until - now)} unless this passes"
        return Act(ActKind.HOLD, f"{rollout.place} has had its time; {left}: {waits}")
    return Act(ActKind.PAUSE, f"Paused at {rollout.place}: after {told_seconds(now - rollout.since)}, {waits}")


def _advance(rollout: Rollout, reason: str) -> Act:
    following = rollout.following
    if following is None:
        return Act(ActKind.FINISH, f"{reason} It was the last station: finished.")
    told = f"{reason} On to {following.place}." if reason else f"On to {following.place}."
    return Act(ActKind.ADVANCE, told, Intent(following.place, rollout.at + 1, RolloutState.RUNNING, told))


def _waits(rollout: Rollout, seen: Seen) -> str:
    """What is not passed yet, in a sentence each; empty where every gate of every toggle passes. No data never does."""
    lacking = []
    for name in rollout.toggles:
        judgements = seen.judgements.get(name, ())
        if not judgements:
            lacking.append(f"{name}: nothing was seen of it.")
        lacking += [f"{name}: {each.reason}" for each in judgements if each.verdict is not GateVerdict.PASS]
    return " ".join(lacking)
