"""A seam with all that is around it: implementations that say what they are told, and keep what they were asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from strangler.seam import Seam, SeamCounts, SeamResult
from strangler.testing import FixedToggles
from strangler.toggles import Stage

__all__ = ["NAME", "CatalogFacts", "Facts", "Implementation", "World"]

NAME = "catalog.facts"


@dataclass(frozen=True)
class Facts:
    number: int
    price: str


class CatalogFacts(Protocol):
    def product(self, number: int) -> Facts: ...

    def products(self, numbers: list[int]) -> list[int]: ...


class Implementation:
    """One implementation that says what it is told, and keeps what it was asked."""

    def __init__(self, price: str = "1.00", error: Exception | None = None) -> None:
        self.price = price
        self.error = error
        self.asked: list[int] = []

    def product(self, number: int) -> Facts:
        self.asked.append(number)
        if self.error is not None:
            raise self.error
        return Facts(number, self.price)

    def products(self, numbers: list[int]) -> list[int]:
        return numbers


class World:
    """A seam with all that is around it."""

    def __init__(
        self, stage: Stage, *, old: Implementation | None = None, new: Implementation | None = None, **settings: Any
    ) -> None:
        self.old = old or Implementation()
        self.new = new or Implementation()
        self.made = 0
        self.results: list[SeamResult] = []
        self.errors: list[tuple[str, Exception]] = []
        self.toggles = FixedToggles({NAME: stage})
        self.seam = Seam[CatalogFacts](
            NAME,
            old=self.old,
            new=settings.pop("make", self._make),
            toggles=self.toggles,
            observer=self.results.append,
            on_error=lambda doing, error: self.errors.append((doing, error)),
            **settings,
        )
        self.facts = self.seam.facade()

    def _make(self) -> Implementation:
        self.made += 1
        return self.new

    def settled(self) -> SeamCounts:
        assert self.seam.drain(10)
        return self.seam.counts()
