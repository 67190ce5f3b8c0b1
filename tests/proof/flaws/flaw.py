"""A bug of the new side, by how it is made and where it must be found."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from strangler.compare import Answer
from tests.parity.cases import Case
from tests.parity.planted import Plant
from tests.proof.noise import Spoil

__all__ = ["Change", "Flaw"]

Change = Callable[[Case, Answer, random.Random], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One bug. Exactly one of `plant` (in the service's code), `spoil` (in its documents, with noise in them already)
    and `change` (in an answer) makes it.

    `at` are parts of field paths: every difference that stands must be in a field with one of them in its path.
    `unsteady` says that the same request does not always show it, `harmless` that it is no bug at all.
    """

    name: str
    at: tuple[str, ...]
    plant: Plant | None = None
    spoil: Spoil | None = None
    change: Change | None = None
    unsteady: bool = False
    harmless: bool = False
