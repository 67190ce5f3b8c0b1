"""How much has moved, now and over time: of the requests, of the routes and seams, of the monolith's code."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from strangler.errors import StranglerError
from strangler.evidence import EvidenceStore
from strangler.evidence.traffic import window_of
from strangler.inventory import Inventory, read_inventory
from strangler.toggles import Side, Stage
from strangler_proxy.config.values import Config
from strangler_proxy.control.moves import Moves, State
from strangler_proxy.plan.facts import ToggleSeen
from strangler_proxy.plan.needless import needless_lines
from strangler_proxy.plan.progress import Part

__all__ = ["HowFar", "Point"]

_MOST_REMEMBERED: Final = 4000
_MOST_CODE: Final = 500
# So long after a window's end, all of it has been told.
_LATE: Final = 10.0
_DAY: Final = 86_400.0
_STEP: Final = 900
_NO_INVENTORY: Final = (
    "No inventory is named: manage.py strangler_inventory writes one, and strangler.toml names it as its inventory."
)


@dataclass(frozen=True, slots=True)
class Point:
    """How far everything was when a step was over which began at `at`. `requests` are those within it."""

    at: int
    requests: Part
    toggles: Part
    code: Part | None

    def to_json(self) -> dict[str, Any]:
        """The point as a JSON document."""
        return {
            "at": self.at,
            "requests": part_json(self.requests),
            "toggles": part_json(self.toggles),
            "code": None if self.code is None else part_json(self.code),
        }


def part_json(part: Part) -> dict[str, Any]:
    """A part as a JSON document; its share is null where it is a part of nothing."""
    return {"moved": part.moved, "whole": part.whole, "share": part.share if part.whole else None, "unit": part.unit}


class HowFar:
    """Counts what customers got, by `store`, and where toggles stood, by `moves`; of the code by the inventory that
    `config` names, as it is now. What is over is counted once. Safe to share between threads; it may block, and raises
    StoreUnavailable."""

    def __init__(
        self, config: Config, store: EvidenceStore, moves: Moves, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._store = store
        self._moves = moves
        self._clock = clock
        self._lock = threading.Lock()
        # By step and beginning: requests of the candidates, and all.
        self._counted: OrderedDict[tuple[int, int], tuple[int, int]] = OrderedDict()
        self._inventory: tuple[int, Inventory] | None = None
        self._code: dict[frozenset[str], Part] = {}

    def now(self) -> tuple[list[Part], str]:
        """The parts as they are now, requests being those of the last day; and why there is none of the code, empty
        where there is."""
        now = self._clock()
        with self._lock:
            counted = self._requests(window_of(now - _DAY, _STEP), now, _STEP)
            (state,) = self._moves.at([now])
            code, lacks = self._lines(state.retired)
        candidates = sum(each[0] for each in counted.values())
        requests = Part("requests", candidates, sum(each[1] for each in counted.values()), "requests")
        return [requests, _toggles(state), *([] if code is None else [code])], lacks

    def over(self, since: float, step: int) -> list[Point]:
        """How it was since then, every `step` seconds, the last point being now."""
        now = self._clock()
        first = window_of(since, step)
        with self._lock:
            counted = self._requests(first, now, step)
            starts = list(range(first, int(now) + 1, step))
            # Toggles are told as they were at a step's end: what moved within it has moved.
            states = self._moves.at([min(start + step, now) for start in starts])
            return [
                Point(
                    start,
                    Part("requests", *counted.get(start, (0, 0)), "requests"),
                    _toggles(state),
                    self._lines(state.retired)[0],
                )
                for start, state in zip(starts, states, strict=True)
            ]

    def _requests(self, first: int, now: float, step: int) -> Mapping[int, tuple[int, int]]:
        """By beginning of a step the candidates' requests and all."""
        start = first
        while (step, start) in self._counted:
            start += step
        found = self._store.requests_by_side(since=start, until=None, step=step)
        for begin in range(start, int(now) + 1, step):
            candidates = found.get((begin, Side.CANDIDATE), 0)
            self._counted[step, begin] = candidates, candidates + found.get((begin, Side.MONOLITH), 0)
        counted = {begin: self._counted[step, begin] for begin in range(first, int(now) + 1, step)}
        for begin in counted:
            if begin + step > now - _LATE:
                # It is still being added to.
                del self._counted[step, begin]
        while len(self._counted) > _MOST_REMEMBERED:
            self._counted.popitem(last=False)
        return counted

    def _lines(self, retired: frozenset[str]) -> tuple[Part | None, str]:
        """How much of the code nobody needs while these routes are retired; or why that is not known."""
        path = self._config.inventory
        if path is None:
            return None, _NO_INVENTORY
        try:
            changed = path.stat().st_mtime_ns
            if self._inventory is None or self._inventory[0] != changed:
                self._inventory, self._code = (changed, read_inventory(path)), {}
        except OSError as error:
            return None, f"{path} cannot be read: {error.strerror}."
        except StranglerError as error:
            return None, str(error)
        if retired not in self._code:
            if len(self._code) > _MOST_CODE:
                self._code.clear()
            toggles = {name: ToggleSeen(name, (Stage.RETIRED, 0), 0.0) for name in retired}
            self._code[retired] = needless_lines(self._inventory[1], self._config.routes, toggles)
        return self._code[retired], ""


def _toggles(state: State) -> Part:
    return Part("routes and seams", state.moved, state.whole, "routes and seams")
