"""How long and how often is measured: in full, or quickly to try whether it works."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]


@dataclass(frozen=True, slots=True)
class Pace:
    """In full, rounds and seconds are what a measurement asks for; with `quick` they are one or two."""

    quick: bool = False

    def rounds(self, full: int) -> int:
        """How many rounds to measure where `full` is right."""
        return min(full, 2) if self.quick else full

    def seconds(self, full: int) -> int:
        """How long a round lasts where `full` seconds are right."""
        return 1 if self.quick else full
