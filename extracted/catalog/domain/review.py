from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from extracted.catalog.errors import InvalidValue

__all__ = ["Review"]


@dataclass(frozen=True, slots=True)
class Review:
    """What one customer wrote of one product. Shown once it is approved. `written_at` is in UTC."""

    id: int
    product_id: int
    author: str
    stars: int
    title: str
    body: str
    approved: bool
    written_at: datetime

    def __post_init__(self) -> None:
        if not 1 <= self.stars <= 5:
            raise InvalidValue(f"A review of {self.stars} stars; a review has 1 to 5.")
