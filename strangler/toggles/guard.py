"""The port by which somebody else than the stages may refuse a move: whoever knows what it would lose."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from strangler.toggles.toggle import Toggle

__all__ = ["MoveGuard", "Refusal", "refused_by"]

_LOG: Final = logging.getLogger("strangler.toggles")


@dataclass(frozen=True, slots=True)
class Refusal:
    """That a toggle's move is refused: its name, why in a sentence, and what to do instead (may be empty)."""

    name: str
    wrong: str
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """The refusal as plain JSON types."""
        return {"name": self.name, "message": self.wrong, "remedy": self.remedy}


class MoveGuard(Protocol):
    """Is asked before each move of a toggle, forward and back, forced or not, by whomever.

    The store's compare-and-swap holds what it looked at together: it is asked anew where somebody else moved first. It
    may block, for it is called in a thread; and since the kill switch waits for it, it should bound its own time.
    """

    def may_move(self, before: Toggle, after: Toggle) -> Refusal | None:
        """None where `before` may become `after`. A guard that raises has not said yes: that is a refusal."""
        ...


def refused_by(guards: Iterable[MoveGuard], before: Toggle, after: Toggle) -> Refusal | None:
    """The first refusal of a move among several guards."""
    for guard in guards:
        try:
            refusal = guard.may_move(before, after)
        except Exception as error:
            _LOG.exception("a guard of moves failed at %s", before.name)
            wrong = f"Whether {before.name} may move cannot be told: {type(error).__name__}: {error}"
            return Refusal(before.name, f"{wrong}.", "The log says which guard failed, and where.")
        if refusal is not None:
            return refusal
    return None
