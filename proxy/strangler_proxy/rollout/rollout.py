"""A rollout: the state of one scheduled walk, as it is kept in a document and survives whoever walks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from strangler.errors import SnapshotError
from strangler_proxy.rollout.place import Place
from strangler_proxy.rollout.schedule import Schedule, Station

__all__ = ["FORMAT", "GUARDED", "OVER", "START", "Intent", "Rollout", "RolloutState"]

FORMAT: Final = 1
START: Final = -1
"""As `Rollout.at`: at no station of the schedule."""


class RolloutState(StrEnum):
    """What a rollout does."""

    RUNNING = "running"
    """It goes forward when its gates pass."""
    FROZEN = "frozen"
    """A person stopped it: nothing goes forward, and the guard stays on."""
    PAUSED = "paused"
    """It stopped itself and wants a person; the guard stays on."""
    STEPPED_BACK = "stepped-back"
    """A gate failed and it went back; it wants a person, and the guard stays on."""
    OVERTAKEN = "overtaken"
    """Somebody moved its toggles by hand: it touches nothing."""
    FINISHED = "finished"
    """The last station is passed."""
    ABORTED = "aborted"
    """A person ended it."""


OVER: Final = frozenset({RolloutState.FINISHED, RolloutState.ABORTED})
GUARDED: Final = frozenset(RolloutState) - OVER - {RolloutState.OVERTAKEN}
"""In these states a failing gate takes it back."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A move that is about to be made, written down before it is: whoever finds it knows what a death in between left
    behind. It leads to `place`, at station `at`, in `state`, for `reason`."""

    place: Place
    at: int
    state: RolloutState
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The intent as plain JSON types."""
        return {"place": self.place.to_json(), "at": self.at, "state": self.state.value, "reason": self.reason}

    @classmethod
    def from_json(cls, document: Any) -> Intent:
        """What `to_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        place, state = Place.from_json(document["place"]), RolloutState(document["state"])
        return cls(place, int(document["at"]), state, str(document["reason"]))


@dataclass(frozen=True, slots=True)
class Rollout:
    """The walk of `toggles` together through the stations of `schedule`. Times are seconds since 1970.

    `began` is where they stood before it; `place` where it left them, at station `at` (`START`: at none). Evidence
    counts from `since`, patience from `waiting` where that is later than the station's end. `reason` says in one
    sentence how it came to be where it is. `failed` remembers a failing gate until a person resumes. `releases` are the
    candidate's that were met at this station, by route, the latest last. `pending` is a move under way.
    """

    name: str
    toggles: tuple[str, ...]
    schedule: Schedule
    began: Place
    place: Place
    who: str
    why: str
    started: float
    state: RolloutState = RolloutState.RUNNING
    at: int = START
    since: float = 0.0
    waiting: float = 0.0
    reason: str = ""
    failed: bool = False
    releases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pending: Intent | None = None

    @property
    def station(self) -> Station | None:
        """Where it stands, None at none."""
        return None if self.at == START else self.schedule.stations[self.at]

    @property
    def following(self) -> Station | None:
        """Where it goes next, None at the last."""
        stations = self.schedule.stations
        return stations[self.at + 1] if self.at + 1 < len(stations) else None

    @property
    def mover(self) -> str:
        """What the audit calls who moves its toggles."""
        return f"strangler rollout {self.name}"

    def brief(self) -> dict[str, Any]:
        """What a status tells of it, as plain JSON types."""
        return {
            "name": self.name,
            "state": self.state.value,
            "place": self.place.to_json(),
            "toggles": list(self.toggles),
            "reason": self.reason,
        }

    def to_json(self) -> dict[str, Any]:
        """The rollout as plain JSON types."""
        return {
            "format": FORMAT,
            "name": self.name,
            "toggles": list(self.toggles),
            "schedule": self.schedule.to_json(),
            "began": self.began.to_json(),
            "place": self.place.to_json(),
            "who": self.who,
            "why": self.why,
            "started": self.started,
            "state": self.state.value,
            "at": self.at,
            "since": self.since,
            "waiting": self.waiting,
            "reason": self.reason,
            "failed": self.failed,
            "releases": {name: list(each) for name, each in self.releases.items()},
            "pending": None if self.pending is None else self.pending.to_json(),
        }

    @classmethod
    def from_json(cls, document: Any) -> Rollout:
        """The rollout that `to_json` wrote. Raises SnapshotError for anything else."""
        try:
            if document["format"] != FORMAT:
                raise SnapshotError(
                    f"a rollout of format {document['format']!r}, not {FORMAT}: written by another version of Strangler"
                )
            schedule, at = Schedule.from_json(document["schedule"]), int(document["at"])
            if not START <= at < len(schedule.stations):
                raise ValueError(f"{at} is no station")
            return cls(
                name=str(document["name"]),
                toggles=tuple(str(each) for each in document["toggles"]),
                schedule=schedule,
                began=Place.from_json(document["began"]),
                place=Place.from_json(document["place"]),
                who=str(document["who"]),
                why=str(document["why"]),
                started=float(document["started"]),
                state=RolloutState(document["state"]),
                at=at,
                since=float(document["since"]),
                waiting=float(document["waiting"]),
                reason=str(document["reason"]),
                failed=bool(document["failed"]),
                releases={str(name): tuple(map(str, each)) for name, each in document["releases"].items()},
                pending=None if document["pending"] is None else Intent.from_json(document["pending"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise SnapshotError(f"not a rollout: {error!r} in {str(document)[:200]}") from error
