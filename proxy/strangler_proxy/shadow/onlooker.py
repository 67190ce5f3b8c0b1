"""Whoever is shown an answer as it passes to its customer."""

from __future__ import annotations

from abc import ABC, abstractmethod

__all__ = ["Onlooker"]


class Onlooker(ABC):
    """Is shown all pieces of one answer, from when its head is known to its end. Nothing that it does may raise."""

    __slots__ = ()

    @abstractmethod
    def frames(self, *, chunked: bool, endless: bool) -> None:
        """The pieces come in chunks; the answer is `endless` where only its connection's end says that it is whole."""

    @abstractmethod
    def add(self, piece: bytes) -> bool:
        """A piece passed. False where no more is to be shown, nor the end."""

    @abstractmethod
    def cut_off(self, why: str) -> None:
        """The customer has not the whole answer, and never will."""

    @abstractmethod
    def delivered(self, held_up: float) -> None:
        """All of it was given to the customer, who itself has kept it waiting for so many seconds."""
