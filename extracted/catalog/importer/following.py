from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["Following", "now"]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Following:
    """How the following of the feed goes, for the readiness answer. Lives in the process, not in the store.

    `caught_up_at` is when the end of the feed was last seen; `error` is what stands in the way, None if nothing does.
    """

    clock: Callable[[], datetime] = now
    polled_at: datetime | None = None
    caught_up_at: datetime | None = None
    error: str | None = None

    def went_well(self, *, caught_up: bool) -> None:
        self.polled_at = self.clock()
        self.error = None
        if caught_up:
            self.caught_up_at = self.polled_at

    def went_wrong(self, error: Exception) -> bool:
        """Notes it; True when this is news."""
        message = f"{type(error).__name__}: {error}"
        news = message != self.error
        self.polled_at = self.clock()
        self.error = message
        return news

    def lag_seconds(self) -> float | None:
        """How old what we hold may be; None before the end of the feed was seen for the first time."""
        if self.caught_up_at is None:
            return None
        return max((self.clock() - self.caught_up_at).total_seconds(), 0.0)
