"""What is to be recorded: the order that the control plane gives to workers, and to the comparer that writes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from strangler.recording import Rotation

__all__ = ["LONGEST_SECONDS", "UNROUTED", "Order", "order_of"]

LONGEST_SECONDS: Final = 86400.0
"""Longer than a day nothing is recorded: a recording that was forgotten ends by itself."""

UNROUTED: Final = "-"
"""What a request is called in a worker that no route takes."""

_ROTATION: Final = Rotation()


@dataclass(frozen=True, slots=True)
class Order:
    """One recording, named by `id`, into the file at `path`.

    `routes` are names and globs of routes; without any, everything is recorded, and what no route takes too. `sample`
    is the share of clients, above 0 and up to 1. It ends after `requests` of them, 0 for any number, and `seconds` from
    when the order is taken at the latest. Without `bodies` those of requests and answers are left out.
    """

    id: str
    path: Path
    seconds: float
    routes: tuple[str, ...] = ()
    sample: float = 1.0
    requests: int = 0
    bodies: bool = True
    rotation: Rotation = _ROTATION

    def chosen(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the routes `names` that are recorded, and `UNROUTED` where that is."""
        if not self.routes:
            return frozenset((*names, UNROUTED))
        return frozenset(name for name in names if any(fnmatchcase(name, each) for each in self.routes))

    def to_json(self, *, seconds: float) -> dict[str, Any]:
        """The order as plain JSON types, with so many seconds left of it."""
        return {
            "id": self.id,
            "path": str(self.path),
            "seconds": seconds,
            "routes": list(self.routes),
            "sample": self.sample,
            "requests": self.requests,
            "bodies": self.bodies,
            "rotate_bytes": self.rotation.bytes,
            "rotate_seconds": self.rotation.seconds,
            "packed": self.rotation.packed,
        }


def order_of(document: Any) -> Order | None:
    """What `to_json` gave, None for null: nothing is to be recorded. Raises ValueError for anything else."""
    if document is None:
        return None
    try:
        order = Order(
            id=str(document["id"]),
            path=Path(document["path"]),
            seconds=min(float(document["seconds"]), LONGEST_SECONDS),
            routes=tuple(str(each) for each in document["routes"]),
            sample=float(document["sample"]),
            requests=int(document["requests"]),
            bodies=document["bodies"] is True,
            rotation=Rotation(
                bytes=int(document["rotate_bytes"]),
                seconds=float(document["rotate_seconds"]),
                packed=document["packed"] is True,
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no order to record: {error!r}") from error
    if not order.id or not order.path.is_absolute() or math.isnan(order.seconds) or not 0 < order.sample <= 1:
        raise ValueError("no order to record: without an id, a whole path, a time or a share")
    return order
