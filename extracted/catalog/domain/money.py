from __future__ import annotations

import re
from dataclasses import dataclass

from extracted.catalog.errors import InvalidValue

__all__ = ["Money"]

_CURRENCY = re.compile(r"[A-Z]{3}\Z")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount that is never negative, in hundredths of a currency: `Money(8990, "EUR")` is 89.90 euro.

    Only currencies with hundredths are known; whoever translates into this type refuses the others.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.minor < 0:
            raise InvalidValue(f"An amount of {self.minor} is below zero; an amount counts from 0.")
        if not _CURRENCY.match(self.currency):
            raise InvalidValue(f"{self.currency!r} is no currency; write three capital letters, as EUR.")

    def with_tax(self, basis_points: int) -> Money:
        """This amount and the tax on it, rounded half up to a hundredth. 19 % are 1900 basis points."""
        return Money((self.minor * (10_000 + basis_points) + 5_000) // 10_000, self.currency)

    def plain(self) -> str:
        """The amount as a decimal with two places and no currency: "89.90"."""
        return f"{self.minor // 100}.{self.minor % 100:02d}"
