"""How parity tests ask."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Mode", "ParitySettings"]


class Mode(StrEnum):
    """Whom a kept case is asked of."""

    ASK = "ask"
    """Both sides, now."""
    REPLAY = "replay"
    """The new side; its answer is compared with the old one that was kept."""


@dataclass(frozen=True, slots=True)
class ParitySettings:
    """How a test asks. `route` names the rules that hold, unless a request names its own route.

    Where the answers to a safe request differ, the old side is asked `again` so many times more: what it does not
    repeat itself is no difference. What then still differs may do so for `lag` seconds, in which both sides are asked
    until they agree: for services that follow the monolith's changes. With `allow_inconclusive` a pair that cannot be
    compared is let pass. `max_examples` and `seed` are of what a schema generates.
    """

    route: str = ""
    rules_file: str = ""
    mode: Mode = Mode.ASK
    again: int = 1
    lag: float = 0.0
    allow_inconclusive: bool = False
    max_examples: int | None = None
    seed: int = 1
