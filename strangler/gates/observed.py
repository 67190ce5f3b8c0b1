"""What was seen of a route since a moment, as gates are judged by it. Times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from strangler.evidence import Evidence
from strangler.gates.wanted import CommandGate, ProbeGate, PrometheusGate

__all__ = ["Answered", "Approval", "CommandSeen", "Observed", "ProbeSeen", "PrometheusSeen", "Span"]


@dataclass(frozen=True, slots=True)
class Answered:
    """What one side did for customers: how many requests it was given, how many of them it failed (an answer of 5xx, or
    none so that the other side had to), and how many answers were in which bucket of `Observed.bounds`."""

    requests: int = 0
    errors: int = 0
    buckets: tuple[int, ...] = ()


_NOTHING: Final = Answered()


@dataclass(frozen=True, slots=True)
class Span:
    """Both sides in the same time, `seconds` long from `start` on."""

    start: float
    seconds: float
    monolith: Answered
    candidate: Answered


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """What a probe's address answered: its status, and whether the text was in it; or why there was no answer."""

    status: int = 0
    contained: bool = True
    error: str = ""


@dataclass(frozen=True, slots=True)
class CommandSeen:
    """With which exit code a command ended; or why it has none."""

    code: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class PrometheusSeen:
    """The number that a query gave, None for no data; or why there was no answer."""

    value: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes: who it was, in which role (empty: unknown), as what it was given, why, and when."""

    who: str
    role: str
    word: str
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class Observed:
    """All that was seen of a route since its stage began (`since`) up to `now`.

    `evidence` is that of the candidate's release (None: it was not looked at), in which `stage` tells the pairs of this
    stage; `methods` and `templates` are the route's. `spans` are over, one after the other, and `bounds` the upper
    bounds in seconds of their buckets, the last of which has none; `before` is what the monolith did shortly before,
    for a candidate that has no neighbour any more. `opened` counts how often the candidate's breaker opened, None where
    nobody watched. `approvals` are those of the route, of any time.
    """

    route: str
    since: float
    now: float
    stage: str = ""
    evidence: Evidence | None = None
    methods: frozenset[str] = frozenset()
    templates: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    bounds: tuple[float, ...] = ()
    before: Answered = _NOTHING
    opened: int | None = None
    probes: Mapping[ProbeGate, ProbeSeen] = field(default_factory=dict)
    commands: Mapping[CommandGate, CommandSeen] = field(default_factory=dict)
    prometheus: Mapping[PrometheusGate, PrometheusSeen] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
