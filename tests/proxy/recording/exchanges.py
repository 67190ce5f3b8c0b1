"""Orders, and exchanges as workers take them down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from strangler_proxy.record.order import Order
from strangler_proxy.shadow.frame import Side
from strangler_proxy.shadow.passed import Passed

__all__ = ["an_order", "answered", "passed"]


def an_order(path: Path = Path("/nowhere/visits.ndjson"), **given: Any) -> Order:
    """An order to record everything for a minute."""
    return Order(**{"id": "one", "path": path, "seconds": 60.0, **given})


def answered(body: bytes = b"ok", *, status: int = 200, lines: tuple[bytes, ...] = ()) -> Side:
    """A customer's answer."""
    return Side(status=status, lines=[b"Content-Type: text/plain", *lines], body=body, seconds=0.01)


def passed(**given: Any) -> Passed:
    """A GET of one client that the monolith answered."""
    return Passed(
        **{
            "order": "one",
            "client": "5f0c9e1b2a77d310",
            "route": "catalog.list",
            "method": "GET",
            "target": b"/products/?page=2",
            "lines": [b"Host: shop"],
            "body": b"",
            "candidate": False,
            "answer": answered(),
            "at": 1_700_000_000.0,
            **given,
        }
    )
