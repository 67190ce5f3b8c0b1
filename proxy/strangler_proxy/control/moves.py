"""Every move in the audit, remembered: since when a toggle stands where it stands, and how far all were when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from strangler.toggles import AuditEntry, Stage
from strangler_proxy.plan.moves import Reached
from strangler_proxy.plan.progress import answered

__all__ = ["Moved", "Moves", "State"]

_FIRST: Final = 256
_MOST: Final = 50_000


class _History(Protocol):
    def __call__(self, name: str | None = None, *, limit: int = 100) -> list[AuditEntry]: ...


@dataclass(frozen=True, slots=True)
class Moved:
    """A toggle that came to stand at `reached` at a moment (seconds since 1970)."""

    name: str
    at: float
    reached: Reached


@dataclass(frozen=True, slots=True)
class State:
    """How far all toggles together were: the sum of the shares that their candidates answered, how many toggles there
    were, and which were retired."""

    moved: float = 0.0
    whole: int = 0
    retired: frozenset[str] = frozenset()


class Moves:
    """Reads `history`, an audit newest first as a toggle store gives it, whenever `revision` says another number than
    the last time; and of it only what is new. Of more than 50,000 entries the oldest are left out, and of more than
    100,000 moves that came to be known only where each toggle stood before the newest half. Safe to share between
    threads. Every method may block, and raises StoreUnavailable."""

    def __init__(self, history: _History, revision: Callable[[], int]) -> None:
        self._history = history
        self._revision = revision
        self._lock = threading.Lock()
        self._read = -1
        self._newest: AuditEntry | None = None
        self._moved: list[Moved] = []
        self._since: dict[str, Moved] = {}
        self._left: dict[str, float] = {}

    def since(self) -> Mapping[str, float]:
        """By toggle, when its stage and share last changed."""
        with self._lock:
            self._look()
            return {name: moved.at for name, moved in self._since.items()}

    def left(self) -> Mapping[str, float]:
        """By toggle that is not in stage `monolith`, when it was last."""
        with self._lock:
            self._look()
            return dict(self._left)

    def newest_first(self) -> list[Moved]:
        """Every change of a stage or share."""
        with self._lock:
            self._look()
            return self._moved[::-1]

    def at(self, moments: Sequence[float]) -> list[State]:
        """How far all were at each of these moments, which are in order."""
        with self._lock:
            self._look()
            return list(_states(self._moved, moments))

    def _look(self) -> None:
        revision = self._revision()
        if revision == self._read:
            return
        entries = self._new()
        for entry in reversed(entries):
            self._take(entry)
        if entries:
            self._newest = entries[0]
        if len(self._moved) > 2 * _MOST:
            self._shorten()
        self._read = revision

    def _shorten(self) -> None:
        """Keep of the oldest moves only the last of each toggle: where it stood when the others began."""
        last = {each.name: each for each in self._moved[:-_MOST]}
        self._moved = [*sorted(last.values(), key=lambda each: each.at), *self._moved[-_MOST:]]

    def _new(self) -> list[AuditEntry]:
        """The entries that are not known yet, newest first. An audit that does not have what is known is another one,
        and read from its beginning."""
        limit = _FIRST
        while True:
            entries = self._history(limit=limit)
            known = self._newest
            if known is not None:
                for index, entry in enumerate(entries):
                    if (entry.id, entry.at) == (known.id, known.at):
                        return entries[:index]
            if len(entries) < limit or limit >= _MOST:
                self._moved, self._since, self._left = [], {}, {}
                return entries
            limit = min(limit * 8, _MOST)

    def _take(self, entry: AuditEntry) -> None:
        stage = entry.after.stage
        moved = Moved(entry.name, entry.at.timestamp(), (stage, entry.after.share if stage is Stage.CANARY else 0))
        before = self._since.get(entry.name)
        if before is not None and before.reached == moved.reached:
            # What only overrides changed moved nobody else.
            return
        self._moved.append(moved)
        self._since[entry.name] = moved
        if stage is Stage.MONOLITH:
            self._left.pop(entry.name, None)
        else:
            self._left.setdefault(entry.name, moved.at)


def _states(moved: Sequence[Moved], moments: Sequence[float]) -> Iterator[State]:
    reached: dict[str, Reached] = {}
    retired: frozenset[str] = frozenset()
    total, index = 0.0, 0
    for moment in moments:
        while index < len(moved) and moved[index].at <= moment:
            each = moved[index]
            total += answered(each.reached) - (answered(reached[each.name]) if each.name in reached else 0.0)
            reached[each.name] = each.reached
            if (each.reached[0] is Stage.RETIRED) != (each.name in retired):
                retired ^= {each.name}
            index += 1
        # Sums of shares leave crumbs behind.
        yield State(max(0.0, round(total, 6)), len(reached), retired)
