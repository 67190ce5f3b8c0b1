"""When a breaker opens, for how long, and what closes it again."""

from __future__ import annotations

from dataclasses import dataclass

from strangler.resilience.bounds import fraction, longer, positive, whole

__all__ = ["BreakerSettings"]


@dataclass(frozen=True)
class BreakerSettings:
    """How easily a breaker opens and how it comes back. Times are in seconds. Raises PolicyError for a wrong value.

    It opens when, of at least `minimum_calls` (default 20) within the last `window` seconds (default 10), a share of
    `failure_rate` (default 0.5; above 0, at most 1) or more failed; or after `consecutive_failures` (default 5) with
    no success between. The window slides in tenths.

    It stays open for `open_for` (default 1 s), and `growth` times as long (default 2) each time that a probe fails,
    up to `longest_open` (default 30 s). From each such time a random part of up to `jitter` (default 0.2; 0 to below
    1) is taken away, so that many processes do not come back at once.

    Then it is half-open: at most `probes` calls (default 1) are out at the same time, and everything else is refused.
    `successes` of them (default 1) close it, one failure opens it again. A probe of which nothing is heard gives its
    place back after `lease` (default 60 s): make that longer than a call may take, since what a probe tells later
    than that is not listened to.
    """

    failure_rate: float = 0.5
    minimum_calls: int = 20
    window: float = 10.0
    consecutive_failures: int = 5
    open_for: float = 1.0
    growth: float = 2.0
    longest_open: float = 30.0
    jitter: float = 0.2
    probes: int = 1
    successes: int = 1
    lease: float = 60.0

    def __post_init__(self) -> None:
        what = "BreakerSettings"
        fraction(what, "failure_rate", self.failure_rate, zero=False, one=True)
        fraction(what, "jitter", self.jitter, zero=True, one=False)
        for name in ("minimum_calls", "consecutive_failures", "probes", "successes"):
            whole(what, name, getattr(self, name), least=1)
        for name in ("window", "open_for", "lease"):
            positive(what, name, getattr(self, name))
        longer(what, "growth", self.growth, "1", 1.0)
        longer(what, "longest_open", self.longest_open, "open_for", self.open_for)
