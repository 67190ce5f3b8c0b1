"""The circuit breaker's core: states and counts, without a clock, a lock or a thread of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from strangler.resilience.breaker_settings import BreakerSettings

__all__ = ["CLOSED", "HALF_OPEN", "OPEN", "Breaker"]

CLOSED: Final = "closed"
OPEN: Final = "open"
HALF_OPEN: Final = "half-open"

# The window slides by parts: one that is being counted, and those before it.
_PARTS: Final = 10
_PAST: Final = _PARTS - 1
# Not -1, which is what a refusal is elsewhere: it would count if it were reported by mistake.
_NONE: Final = -(1 << 40)


class Breaker:
    """Counts what calls come to, and refuses them while they are likely to fail.

    Whoever makes a call asks `acquire` before and tells afterwards, exactly once, what it came to. `now` is a clock
    of the caller's in seconds, the same for all calls, best `time.monotonic`; where it goes backwards nothing stays
    open or leased for longer than the settings say, counted from then.

    A permit is a number that names what it was given for: all calls of one closed period share an even one, each
    probe has an odd one of its own. So a result from an earlier period, or from a probe whose lease has run out, is
    known as such, and ignored. A probe that was cancelled decides nothing.

    Not safe to use from several threads at once: for that there is `CircuitBreaker`.

    `observer` is told the states before and after a change, once the change is complete; what it raises reaches the
    caller. `jitter` gives random numbers from 0 to below 1.
    """

    __slots__ = (
        "_calls",
        "_closed",
        "_consecutive",
        "_failures",
        "_growth",
        "_in_a_row",
        "_index",
        "_jitter",
        "_last",
        "_lease",
        "_longest",
        "_minimum",
        "_observer",
        "_open_for",
        "_opened",
        "_part",
        "_past_calls",
        "_past_failures",
        "_places",
        "_probes",
        "_rate",
        "_ring_calls",
        "_ring_failures",
        "_share",
        "_since",
        "_start",
        "_state",
        "_successes",
        "_turn",
        "_until",
        "_wait",
        "_wanted",
    )

    def __init__(
        self,
        settings: BreakerSettings,
        observer: Callable[[str, str], object] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._rate: float = settings.failure_rate
        self._minimum: int = settings.minimum_calls
        self._consecutive: int = settings.consecutive_failures
        self._part: float = settings.window / _PARTS
        self._open_for: float = settings.open_for
        self._growth: float = settings.growth
        self._longest: float = settings.longest_open
        self._share: float = settings.jitter
        self._places: int = settings.probes
        self._wanted: int = settings.successes
        self._lease: float = settings.lease
        self._observer: Callable[[str, str], object] | None = observer
        self._jitter: Callable[[], float] = jitter

        self._state: str = CLOSED
        self._opened: int = 0
        # The number last given to a closed period or a probe. `_closed` is the permit of this closed period, and in
        # any other state none that is ever given, so that one comparison tells whether a result belongs to it.
        self._last: int = 1
        self._closed: int = 2

        self._in_a_row: int = 0
        self._calls: int = 0
        self._failures: int = 0
        self._past_calls: int = 0
        self._past_failures: int = 0
        self._ring_calls: list[int] = [0] * _PAST
        self._ring_failures: list[int] = [0] * _PAST
        self._index: int = 0
        self._start: float = 0.0
        self._turn: float = float("-inf")

        self._since: float = 0.0
        self._until: float = 0.0
        self._wait: float = settings.open_for
        self._probes: dict[int, float] = {}
        self._successes: int = 0

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`. An open one becomes half-open by the first `acquire` after its time."""
        return self._state

    @property
    def opened(self) -> int:
        """How often it has opened, by a failed probe too."""
        return self._opened

    def remaining(self, now: float) -> float:
        """For how many seconds from `now` every call will surely be refused; 0.0 unless open."""
        if self._state != OPEN:
            return 0.0
        return max(0.0, min(self._until - now, self._until - self._since))

    def acquire(self, now: float) -> int:
        """A permit, above 0, or 0: the call must not be made."""
        permit = self._closed
        if permit > 0:
            return permit
        if self._state == OPEN:
            if now < self._since:
                self._until = now + (self._until - self._since)
                self._since = now
            if now < self._until:
                return 0
            self._successes = 0
            self._enter(HALF_OPEN)
        return self._probe(now)

    def success(self, permit: int, now: float) -> None:
        """The call with that permit came to what was wanted of it."""
        if permit == self._closed:
            if now >= self._turn:
                self._roll(now)
            self._in_a_row = 0
            self._calls += 1
        elif self._returned(permit, now):
            self._successes += 1
            if self._successes >= self._wanted:
                self._close()

    def failure(self, permit: int, now: float) -> None:
        """The call with that permit failed in a way that says something about whoever was called."""
        if permit == self._closed:
            if now >= self._turn or now < self._start:
                self._roll(now)
            self._in_a_row += 1
            self._calls += 1
            self._failures += 1
            if self._in_a_row >= self._consecutive or self._too_many():
                self._wait = self._open_for
                self._open(now)
        elif self._returned(permit, now):
            self._wait = min(self._wait * self._growth, self._longest)
            self._open(now)

    def cancelled(self, permit: int, now: float) -> None:
        """The call with that permit was given up by its caller, or never made: that says nothing."""
        self._returned(permit, now)

    def _probe(self, now: float) -> int:
        if len(self._probes) >= self._places:
            self._free(now)
            if len(self._probes) >= self._places:
                return 0
        self._last += 1
        permit = self._last * 2 + 1
        self._probes[permit] = now
        return permit

    def _free(self, now: float) -> None:
        for permit, given in list(self._probes.items()):
            if now - given >= self._lease:
                self._probes.pop(permit, None)
            elif now < given:
                self._probes[permit] = now

    def _returned(self, permit: int, now: float) -> bool:
        given = self._probes.pop(permit, None)
        return given is not None and now - given < self._lease

    def _too_many(self) -> bool:
        calls = self._calls + self._past_calls
        return calls >= self._minimum and self._failures + self._past_failures >= self._rate * calls

    def _roll(self, now: float) -> None:
        """Begin a new part of the window, and forget those that have left it."""
        elapsed = now - self._turn
        # Backwards, or further than the window is long, nothing of it is left.
        if elapsed < 0 or elapsed >= self._part * _PAST:
            self._forget()
            self._start = now
            self._turn = now + self._part
            return
        ended = 1 + int(elapsed / self._part)
        for _ in range(ended):
            index = self._index
            self._past_calls += self._calls - self._ring_calls[index]
            self._past_failures += self._failures - self._ring_failures[index]
            self._ring_calls[index] = self._calls
            self._ring_failures[index] = self._failures
            self._index = (index + 1) % _PAST
            self._calls = 0
            self._failures = 0
        self._turn += ended * self._part
        # Not later than now by a rounding, or the next call would seem to be earlier.
        self._start = min(now, self._turn - self._part)

    def _forget(self) -> None:
        for index in range(_PAST):
            self._ring_calls[index] = 0
            self._ring_failures[index] = 0
        self._calls = 0
        self._failures = 0
        self._past_calls = 0
        self._past_failures = 0

    def _open(self, now: float) -> None:
        self._opened += 1
        self._closed = _NONE
        self._since = now
        self._until = now + self._wait * (1.0 - self._share * self._jitter())
        self._probes.clear()
        self._enter(OPEN)

    def _close(self) -> None:
        # At least one probe has taken a number since the last time.
        self._closed = self._last * 2
        self._probes.clear()
        self._in_a_row = 0
        self._turn = float("-inf")
        self._enter(CLOSED)

    def _enter(self, state: str) -> None:
        before = self._state
        self._state = state
        if self._observer is not None:
            self._observer(before, state)
