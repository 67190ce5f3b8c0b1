"""What a seam saw: frozen values for whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from strangler.compare.values import Difference, Verdict
from strangler.toggles.stage import Side, Stage

__all__ = ["Observation", "SeamCounts", "SeamResult"]


@dataclass(frozen=True, slots=True)
class Observation:
    """What one implementation did with one call: `value` (as `clean` left it), or the `error` that it raised."""

    side: Side
    value: Any
    error: Exception | None
    seconds: float


@dataclass(frozen=True, slots=True)
class SeamResult:
    """One call that there is something to say about: both ran and were compared, or the new one failed.

    `method` is empty for a seam around a function. `verdict` is None when nothing was compared: `fallback` then says
    that the new implementation failed and the old one answered. `cause` explains an inconclusive verdict.
    """

    seam: str
    method: str
    stage: Stage
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    old: Observation | None
    new: Observation | None
    verdict: Verdict | None = None
    differences: tuple[Difference, ...] = ()
    cause: str = ""
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class SeamCounts:
    """How often each thing happened since the process started.

    `agree`, `differ` and `inconclusive` count compared calls; `dropped` those that found the queue full; `fallbacks`
    calls in which the new implementation failed and the old one answered. `kinds` splits `differ` by the kinds of
    difference, for an exception with its name: `exception:builtins.TimeoutError`.
    """

    agree: int = 0
    differ: int = 0
    inconclusive: int = 0
    dropped: int = 0
    fallbacks: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
