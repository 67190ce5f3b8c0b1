"""Database connections of shadowed calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

__all__ = ["shadow_connections"]


@contextmanager
def shadow_connections() -> Iterator[None]:
    """Close what a shadowed call opened: the `around` of seams. Its thread is no request, so Django would not.

    All of this thread's connections are closed, even persistent ones: a thread that waits for hours for its next call
    must not hold one.
    """
    try:
        yield
    finally:
        connections.close_all()
