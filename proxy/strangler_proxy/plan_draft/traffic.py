"""How often each view was asked: by access logs, or as the monolith itself has counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from strangler.callers import Passage, read_callers
from strangler.inventory import Inventory
from strangler.recording.access_lines import read_access_lines
from strangler.recording.problems import Problems
from strangler_proxy.discover.traffic import traffic_of_lines

__all__ = ["Traffic", "traffic_of"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Traffic:
    """Requests by the key of their view. `elsewhere` are those that no view of the inventory takes, `days` how long a
    time they are of, and `sources` the files that say so."""

    reads: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    elsewhere: int = 0
    days: float = 0.0
    sources: tuple[str, ...] = ()

    def of(self, key: str) -> int:
        """All requests of a view."""
        return self.reads[key] + self.writes[key]

    @property
    def time(self) -> str:
        """How long a time they are of, in words; empty where nobody knows."""
        if not self.days:
            return ""
        return f"{self.days:.3g} days" if self.days >= 2 else f"{self.days * 24:.2g} hours"

    @property
    def total(self) -> int:
        """All requests that a view took."""
        return self.reads.total() + self.writes.total()


def traffic_of(inventory: Inventory, logs: Iterable[Path] = (), callers: Path | None = None) -> Traffic | None:
    """What the files say; None without any. Raises ConfigError for one that cannot be read."""
    logs = tuple(logs)
    if not logs and callers is None:
        return None
    traffic = Traffic(sources=tuple(path.name for path in (*logs, *([] if callers is None else [callers]))))
    moments: list[float] = []
    for log in logs:
        problems = Problems(str(log))
        found = traffic_of_lines(read_access_lines(log, problems, Counter()), inventory)
        problems.settle()
        moments += [each for each in (found.first, found.last) if each is not None]
        traffic.elsewhere += found.unknown.total()
        for (key, method), counted in found.views.items():
            (traffic.reads if method in _SAFE else traffic.writes)[key] += round(counted.requests)
    if callers is not None:
        told = read_callers(callers)
        moments += [] if told.since is None else [told.since, told.at]
        keys = {view.key for view in inventory.views}
        for row in told.views:
            if row.passage is Passage.COPIES:
                continue
            if row.route not in keys:
                traffic.elsewhere += row.counted.requests
            else:
                (traffic.reads if row.method in _SAFE else traffic.writes)[row.route] += row.counted.requests
    traffic.days = (max(moments) - min(moments)) / 86400 if moments else 0.0
    return traffic
