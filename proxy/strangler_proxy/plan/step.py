"""A step of the plan, as its block in the Markdown says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from strangler.gates import Gates
from strangler_proxy.plan.checks import Checks
from strangler_proxy.plan.moves import FlipMove, RolloutMove, StepMove

__all__ = ["Step", "StepGates"]

# Who does it, why, and how it is taken back may be written anew without the step being another.
_SAYS_NOTHING_OF_WHAT_IS_DONE: Final = frozenset({"owner", "why", "undo"})


@dataclass(frozen=True, slots=True)
class StepGates:
    """Gates of a step: as values, and the table that says them."""

    wanted: Gates
    table: Mapping[str, Any]

    @property
    def inside(self) -> bool:
        """Whether any of them looks at routes."""
        return bool(replace(self.wanted, probes=(), commands=(), prometheus=()))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `line` is where its block begins, `title` the heading above it, `chapter` the heading of its chapter.

    `table` is the block's TOML as it was read; `undo` is None where nothing is said, so that toggles go back to where
    the steps before left them. `routes` are the names and globs that the gates look at.
    """

    id: str
    title: str = ""
    chapter: str = ""
    line: int = 1
    owner: str = ""
    needs: tuple[str, ...] = ()
    why: str = ""
    routes: tuple[str, ...] = ()
    moves: tuple[StepMove, ...] = ()
    undo: tuple[StepMove, ...] | None = None
    one_way: str = ""
    before: StepGates | None = None
    after: StepGates | None = None
    checks: Checks | None = None
    table: Mapping[str, Any] = field(default_factory=dict)

    @property
    def toggles(self) -> tuple[str, ...]:
        """The names and globs of the toggles that it moves, in the order of its moves, each once."""
        names = [name for move in self.moves if isinstance(move, FlipMove | RolloutMove) for name in move.names]
        return tuple(dict.fromkeys(names))

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The names and globs of the routes that its gates look at: those it names, else those it moves."""
        return self.routes or self.toggles

    @property
    def meaning(self) -> str:
        """Twelve hex digits that change with everything in the block that decides what is done, and with nothing
        else."""
        return _digest({key: value for key, value in self.table.items() if key not in _SAYS_NOTHING_OF_WHAT_IS_DONE})

    @property
    def digest(self) -> str:
        """Twelve hex digits that change with anything in the block, how it is taken back too."""
        return _digest(self.table)

    @property
    def reason(self) -> str:
        """What stands in the audit as the why of its moves."""
        return f"plan step {self.id}: {self.why or self.title or 'see the plan'}"

    def to_json(self) -> dict[str, Any]:
        """The step as plain JSON types, with every default filled in; gates and checks as they are written."""
        return {
            "id": self.id,
            "title": self.title,
            "chapter": self.chapter,
            "line": self.line,
            "owner": self.owner,
            "needs": list(self.needs),
            "why": self.why,
            "routes": list(self.looked_at),
            "moves": [move.to_json() for move in self.moves],
            "undo": None if self.undo is None else [move.to_json() for move in self.undo],
            "one_way": self.one_way,
            **{key: self.table.get(key) for key in ("before", "after", "checks")},
            "meaning": self.meaning,
        }


def _digest(table: Mapping[str, Any]) -> str:
    return sha256(json.dumps(table, sort_keys=True, default=str).encode()).hexdigest()[:12]
