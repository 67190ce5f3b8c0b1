"""The world as a plan sees it at one moment. Times are in seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from strangler.toggles import Stage
from strangler_proxy.plan.mark import Mark
from strangler_proxy.plan.moves import Reached

__all__ = ["Consent", "Facts", "RolloutSeen", "RolloutWord", "ToggleSeen"]

_GLOB: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class ToggleSeen:
    """A toggle, how far it is, and since when."""

    name: str
    reached: Reached
    since: float


class RolloutWord(StrEnum):
    """What a rollout comes to, for somebody who waits for it."""

    RUNNING = "running"
    WAITING = "waiting"  # for a person: frozen, or paused as there is not enough to tell
    COMPLETED = "completed"
    FAILED = "failed"  # taken back, or ended before its last share


@dataclass(frozen=True, slots=True)
class RolloutSeen:
    """The newest rollout of a toggle: what it comes to, why in words, since when, how far it leads, and its name."""

    word: RolloutWord
    reason: str = ""
    at: float = 0.0
    end: Reached = (Stage.EXTRACTED, 0)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """Somebody's yes to a step as its block was then."""

    who: str
    at: float
    meaning: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Toggles and their rollouts by name, marks and consents by step. `holder` has the lease, empty for nobody."""

    now: float
    toggles: Mapping[str, ToggleSeen] = field(default_factory=dict)
    rollouts: Mapping[str, RolloutSeen] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    consents: Mapping[str, Consent] = field(default_factory=dict)
    holder: str = ""
    _matched: dict[tuple[str, ...], list[ToggleSeen]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def matching(self, names: Iterable[str]) -> list[ToggleSeen]:
        """The toggles that one of the names or globs names, each once, by name."""
        wanted = tuple(names)
        if wanted not in self._matched:
            found: set[str] = set()
            for each in wanted:
                if _GLOB.isdisjoint(each):
                    found |= {each} & self.toggles.keys()
                else:
                    found.update(name for name in self.toggles if fnmatchcase(name, each))
            self._matched[wanted] = [self.toggles[name] for name in sorted(found)]
        return self._matched[wanted]
