"""How many copies a second. Pure."""

from __future__ import annotations

__all__ = ["Rate"]


class Rate:
    """A bucket that `a_second` tokens run into, up to those of one second (of slower rates: to one token); 0 for any
    number. `now` is the caller's clock in seconds, the same for all calls."""

    __slots__ = ("_a_second", "_left", "_most", "_since")

    def __init__(self, a_second: float) -> None:
        self._a_second: float = a_second
        self._most: float = max(a_second, 1.0)
        self._left: float = self._most
        self._since: float = 0.0

    def take(self, now: float) -> bool:
        """Whether there is a token; it is taken."""
        if not self._a_second:
            return True
        passed = max(now - self._since, 0.0) if self._since else 0.0
        self._since = now
        self._left = min(self._left + passed * self._a_second, self._most)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
