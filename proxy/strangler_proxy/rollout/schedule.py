"""What a rollout goes by: at which shares it stops, for how long, what it must pass there, where it goes back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from strangler_proxy.rollout.place import Place

__all__ = ["DEFAULT", "BackTo", "Schedule", "Station"]


class BackTo(StrEnum):
    """Where a failing gate takes a rollout: to the last station that it has passed, or further."""

    LAST = "last"
    SHADOW = "shadow"
    MONOLITH = "monolith"


@dataclass(frozen=True, slots=True)
class Station:
    """A place at which a rollout stops, for at least so many seconds."""

    place: Place
    seconds: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """The stations of a rollout, each further than the one before, and the gates that hold it at each: a table as
    `strangler.gates.read_gates` takes it. `patience` is how many seconds beyond a station's time an inconclusive gate
    is waited for."""

    name: str
    stations: tuple[Station, ...]
    gates: Mapping[str, Any] = field(default_factory=dict)
    patience: float = 3600.0
    back_to: BackTo = BackTo.LAST

    def to_json(self) -> dict[str, Any]:
        """The schedule as plain JSON types."""
        return {
            "name": self.name,
            "stations": [{**each.place.to_json(), "seconds": each.seconds} for each in self.stations],
            "gates": dict(self.gates),
            "patience": self.patience,
            "back_to": self.back_to.value,
        }

    @classmethod
    def from_json(cls, document: Any) -> Schedule:
        """What `to_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            name=str(document["name"]),
            stations=tuple(Station(Place.from_json(each), float(each["seconds"])) for each in document["stations"]),
            gates=dict(document["gates"]),
            patience=float(document["patience"]),
            back_to=BackTo(document["back_to"]),
        )


_SHARES: Final = ("1%", "5%", "25%", "50%", "100%")
_MINUTES: Final = (10, 30, 60, 60, 120)

DEFAULT: Final = Schedule(
    "default",
    tuple(Station(Place.from_share(share), 60.0 * each) for share, each in zip(_SHARES, _MINUTES, strict=True)),
    # Without the last two, a candidate that hardly anybody asks would pass on what the others cannot tell yet.
    {"agreement": 0.999, "errors": 0.005, "latency": 1.2, "breaker": "never open", "requests": 500},
)
"""What a rollout goes by where `strangler.toml` says nothing."""
