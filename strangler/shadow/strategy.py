"""How a copy of a request is to be served, and the headers that say so."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["RELEASE_HEADER", "SAFE_METHODS", "SHADOW_HEADER", "Strategy"]

SHADOW_HEADER: Final = "X-Strangler-Shadow"
"""Marks a copy. Its value is a `Strategy`; without it the request is a customer's own."""

RELEASE_HEADER: Final = "X-Strangler-Release"
"""In every answer: the release that gave it."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods whose copies are reads."""


class Strategy(StrEnum):
    """How a copy is served, so that nothing comes of it.

    `read` is for safe methods; `sandbox` a write by a service whose stores are not the real ones; `dry-run` a write
    in a transaction that is rolled back. `skip` is for routes: no copy is sent, so no request is marked with it.
    """

    READ = "read"
    SANDBOX = "sandbox"
    DRY_RUN = "dry-run"
    SKIP = "skip"

    @property
    def keeps(self) -> bool:
        """Whether what is written to the service's own stores is kept: in a sandbox only."""
        return self is Strategy.SANDBOX
