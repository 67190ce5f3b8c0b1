"""The `Retry-After` of an answer, in seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["read_retry_after"]


def _now() -> datetime:
    return datetime.now(UTC)


def read_retry_after(value: str | None, now: Callable[[], datetime] = _now) -> float | None:
    """Seconds from now, from either form of RFC 9110: a number of seconds or a date. None if there is no such thing.

    A date that has passed is 0.0. How long to wait at most is for the caller to say.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 16 else None
    try:
        at = parsedate_to_datetime(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return max(0.0, (at - now()).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):  # all of which the parser raises for one text or another
        return None
