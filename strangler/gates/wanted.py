"""What a move must pass: gates as frozen values. Times are in seconds, shares from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

from strangler.evidence import AgreementWanted

__all__ = [
    "CommandGate",
    "CoverageGate",
    "ErrorsGate",
    "Gates",
    "LatencyGate",
    "ProbeGate",
    "PrometheusGate",
    "TransientGate",
]


@dataclass(frozen=True, slots=True)
class TransientGate:
    """By how much the share of pairs that differ for a moment only may surpass the monolith's own changes (default
    0.01), with `confidence` (default 0.95)."""

    margin: float = 0.01
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class ErrorsGate:
    """By how much the candidate's error rate may surpass the monolith's of the same time (default 0.005), with
    `confidence` (default 0.95)."""

    margin: float = 0.005
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class LatencyGate:
    """How many times the monolith's the candidate's `quantile` (default 0.95) of times may be (`ratio`, default 1.2),
    with `confidence` (default 0.95)."""

    ratio: float = 1.2
    quantile: float = 0.95
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class CoverageGate:
    """What pairs that tell something must have been seen of: every template and every method of the route (default:
    not asked), these classes of the monolith's status (2 for 2xx), these query parameters, so many distinct subjects
    and targets, about."""

    templates: bool = False
    methods: bool = False
    classes: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    subjects: int = 0
    targets: int = 0


@dataclass(frozen=True, slots=True)
class ProbeGate:
    """An address that must answer: with `status` (0, the default: any of 2xx) and a text that has `contains` in it,
    within `timeout` (default 5). Redirects are answers, and not followed. `headers` are sent along: of each its name,
    and where its value is found, never the value (default none)."""

    url: str
    status: int = 0
    contains: str = ""
    timeout: float = 5.0
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CommandGate:
    """A line for the shell that must end with 0 within `timeout` (default 60). It runs where a person judges, on their
    machine, and never in the control plane."""

    run: str
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class PrometheusGate:
    """A query to the Prometheus at `url` that must give one number, at least `min` and at most `max` (None: any),
    within `timeout` (default 5). `headers` are as of a ProbeGate."""

    url: str
    query: str
    min: float | None = None
    max: float | None = None
    timeout: float = 5.0
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Gates:
    """Everything that a move must pass; what is None, zero or empty is not asked for.

    `requests` are the candidate's since the stage began, `seconds` is how long the stage must have lasted, `breaker`
    that the candidate's has not opened in it, `approval` who must have said yes: a word that an approval is given as,
    or under which somebody is known.
    """

    agreement: AgreementWanted | None = None
    transient: TransientGate | None = None
    errors: ErrorsGate | None = None
    latency: LatencyGate | None = None
    coverage: CoverageGate | None = None
    requests: int = 0
    seconds: float = 0.0
    breaker: bool = False
    probes: tuple[ProbeGate, ...] = ()
    commands: tuple[CommandGate, ...] = ()
    prometheus: tuple[PrometheusGate, ...] = ()
    approval: str = ""

    def __bool__(self) -> bool:
        return self != _NONE


_NONE = Gates()
