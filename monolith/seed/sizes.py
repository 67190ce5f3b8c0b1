"""How big the seeded shop is, the day on which it stands, and where its chance comes from."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["ADMIN_EMAIL", "CUSTOMER_PASSWORD", "LONG_AGO", "TODAY", "Sizes", "between", "chance"]

TODAY: Final = datetime(2025, 9, 1, 6, 0, tzinfo=UTC)
"""Nothing seeded happened later. Fixed, so that a seed gives the same rows on every day."""
LONG_AGO: Final = TODAY - timedelta(days=5 * 365)
"""When the shop opened."""
ADMIN_EMAIL: Final = "admin@shop.example"
CUSTOMER_PASSWORD: Final = "shop customer"  # noqa: S105  # the demo's customers are meant to be signed in as


@dataclass(frozen=True, slots=True)
class Sizes:
    products: int = 2000
    customers: int = 500
    orders: int = 5000
    seed: int = 1

    def __post_init__(self) -> None:
        for name, least in (("products", 1), ("customers", 1), ("orders", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"--{name} is {getattr(self, name)}: give {least} or more.")


def chance(sizes: Sizes, part: str) -> random.Random:
    """Each part of the shop draws from a stream of its own, so that more of one thing does not change another."""
    return random.Random(f"{sizes.seed}/{part}")  # noqa: S311  # a shop's plausible rows, nothing secret


def between(draw: random.Random, first: datetime, last: datetime) -> datetime:
    """A moment from ``first`` up to ``last``, to the microsecond."""
    span = (last - first) // timedelta(microseconds=1)
    return first + timedelta(microseconds=draw.randrange(max(span, 1)))
