"""What people tell a rollout to do: begin, freeze, resume, abort. Pure; each raises IllegalRollout where it cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Final

from strangler.errors import IllegalRollout
from strangler.toggles import Kind, Stage, Toggle
from strangler_proxy.rollout.place import Place
from strangler_proxy.rollout.rollout import OVER, START, Intent, Rollout, RolloutState
from strangler_proxy.rollout.schedule import Schedule

__all__ = ["OF_SEAMS", "aborted", "begun", "frozen", "resumed"]

OF_SEAMS: Final = frozenset({"time", "probe", "prometheus", "approval"})
"""The gates that a rollout with seams may have: what a seam does is counted in the monolith's processes, and no pair
and no request of it comes here."""


def begun(
    name: str,
    toggles: Sequence[Toggle],
    schedule: Schedule,
    *,
    who: str,
    why: str,
    now: float,
    others: Iterable[Rollout] = (),
) -> Rollout:
    """A rollout of `toggles` by `schedule` from where they stand, all at the same place; the first move is still to be
    made. `others` are the rollouts that there are."""
    place = _common_place(toggles)
    _check_gates(toggles, schedule)
    names = tuple(sorted(each.name for each in toggles))
    _check_others(name, names, others)
    passed = [each for each in schedule.stations if not place < each.place]
    here = bool(passed) and passed[-1].place == place
    # The stations below are behind it; it was a person who left them there.
    ahead = schedule.stations[len(passed) - here :]
    if not ahead:
        raise IllegalRollout(
            f"{place} is beyond the last station of the schedule {schedule.name!r} ({schedule.stations[-1].place}).",
            "Take the toggles back first, or use a schedule that goes further.",
        )
    if not here and not ahead[0].place.is_next(place):
        raise IllegalRollout(
            f"From {place} the way to {ahead[0].place}, the first station of the schedule {schedule.name!r}, skips a"
            " stage, and a rollout forces nothing.",
            f"`strangler flip {names[0]} {place.stage.following} --why ...` first, or let the schedule begin with"
            ' "shadow".',
        )
    return Rollout(
        name=name,
        toggles=names,
        schedule=replace(schedule, stations=ahead),
        began=place,
        place=place,
        who=who,
        why=why,
        started=now,
        at=0 if here else START,
        since=now,
        waiting=now,
        reason=f"Begun by {who}: {_sentence(why)}",
    )


def frozen(rollout: Rollout, who: str, why: str) -> Rollout:
    """It goes no further; the guard stays on."""
    _check_going_on(rollout)
    if rollout.state not in (RolloutState.RUNNING, RolloutState.FROZEN):
        raise IllegalRollout(
            f"{rollout.name} is {rollout.state}, and goes nowhere by itself: there is nothing to freeze.",
            "`strangler rollout status` says what it waits for.",
        )
    return replace(rollout, state=RolloutState.FROZEN, reason=f"Frozen by {who}: {_sentence(why)}")


def resumed(rollout: Rollout, toggles: Collection[Toggle], who: str, why: str, now: float) -> Rollout:
    """It goes on from where it stands, with new patience. Where a gate had failed, or somebody had moved its toggles,
    the evidence begins anew: nothing that failed counts as passed. `toggles` are its own as they are."""
    _check_going_on(rollout)
    if rollout.state is RolloutState.RUNNING:
        raise IllegalRollout(f"{rollout.name} is running.", "`strangler rollout status` says what it waits for.")
    anew = rollout.failed
    if rollout.state is RolloutState.OVERTAKEN:
        rollout, anew = _taken_up(rollout, toggles), True
    following = rollout.following
    if rollout.at == START and following is not None and not following.place.is_next(rollout.place):
        raise IllegalRollout(
            f"{rollout.name} stands at {rollout.place}, and its next station is {following.place}: that skips a stage,"
            " and a rollout forces nothing.",
            "Abort it, flip its toggles to `shadow`, and begin another.",
        )
    return replace(
        rollout,
        state=RolloutState.RUNNING,
        since=now if anew else rollout.since,
        waiting=now,
        failed=False,
        reason=f"Resumed by {who}: {_sentence(why)}",
    )


def aborted(rollout: Rollout, who: str, why: str) -> Rollout:
    """It ends: its toggles are to go back to where it began. Where they are no further than that, or somebody moved
    them by hand, they stay."""
    _check_going_on(rollout)
    reason = f"Aborted by {who}: {_sentence(why)}"
    if rollout.state is not RolloutState.OVERTAKEN and rollout.began < rollout.place:
        return replace(rollout, pending=Intent(rollout.began, START, RolloutState.ABORTED, reason))
    return replace(rollout, state=RolloutState.ABORTED, reason=reason)


def _common_place(toggles: Sequence[Toggle]) -> Place:
    retired = [each.name for each in toggles if each.stage is Stage.RETIRED]
    if retired:
        raise IllegalRollout(
            f"{', '.join(retired)} is retired: that was a one-way door, and no rollout moves it.",
            "Name the others, or a glob that leaves it out.",
        )
    places = {each.name: Place.of(each) for each in toggles}
    if len(set(places.values())) > 1:
        told = ", ".join(f"{name} is at {place}" for name, place in places.items())
        raise IllegalRollout(
            f"A rollout moves its toggles together, and these do not stand alike: {told}.",
            "Flip them to the same stage and share first, or begin a rollout of each.",
        )
    return next(iter(places.values()))


def _check_gates(toggles: Sequence[Toggle], schedule: Schedule) -> None:
    seams = sorted(each.name for each in toggles if each.kind is Kind.SEAM)
    blind = sorted(set(schedule.gates) - OF_SEAMS)
    if seams and blind:
        raise IllegalRollout(
            f"{', '.join(seams)} is a seam, of which the proxy sees no request and keeps no pair, so the gates"
            f" {', '.join(blind)} of the schedule {schedule.name!r} could never pass.",
            f"Use a schedule whose gates are among {', '.join(sorted(OF_SEAMS))}: export the seam's counts() to"
            " Prometheus, and ask for them.",
        )


def _check_others(name: str, names: Sequence[str], others: Iterable[Rollout]) -> None:
    for other in others:
        if other.state in OVER:
            continue
        both = sorted(set(names) & set(other.toggles))
        if other.name == name or both:
            raise IllegalRollout(
                f"The rollout {other.name} is {other.state}" + (f", and moves {', '.join(both)}." if both else "."),
                f"`strangler rollout abort {other.name} --why ...` ends it, or name others.",
            )


def _check_going_on(rollout: Rollout) -> None:
    if rollout.state in OVER:
        raise IllegalRollout(
            f"{rollout.name} is {rollout.state}: it is over.", "`strangler rollout start` begins another."
        )
    if rollout.pending is not None:
        raise IllegalRollout(
            f"{rollout.name} is on its way to {rollout.pending.place}.",
            "Try again in a moment; if it stays so, the store or the leader is not there: `strangler status`.",
        )


def _taken_up(rollout: Rollout, toggles: Collection[Toggle]) -> Rollout:
    """An overtaken rollout at the place to which its toggles were moved, as long as that is none it has not earned."""
    missing = sorted(set(rollout.toggles) - {each.name for each in toggles})
    if missing:
        raise IllegalRollout(
            f"There is no toggle {', '.join(missing)} any more.", "Abort the rollout, and begin another."
        )
    place = _common_place(list(toggles))
    reached = rollout.schedule.stations[: rollout.at + 1]
    for index, station in enumerate(reached):
        if station.place == place:
            return replace(rollout, place=place, at=index, releases={})
    if place == rollout.began or place < rollout.schedule.stations[0].place:
        return replace(rollout, place=place, at=START, releases={})
    raise IllegalRollout(
        f"The toggles of {rollout.name} were moved to {place}, where it never was.",
        f"Flip them to {', '.join(str(each.place) for each in reached) or rollout.began} and resume, or abort it and"
        " begin another from where they are.",
    )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
