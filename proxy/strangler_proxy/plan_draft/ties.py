"""How strongly apps are tied to each other, as one number for each pair. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from strangler.inventory import CouplingKind, Inventory, couplings

__all__ = ["Ties", "ties_between"]

# What one tie of a kind weighs, and how many of them count: a hundred imports are not a hundred reasons.
_WEIGHTS: Final = {
    CouplingKind.TRANSACTION: (5.0, 3),
    CouplingKind.RELATION: (3.0, 20),
    CouplingKind.JOIN: (3.0, 3),
    CouplingKind.SIGNAL: (2.0, 10),
    CouplingKind.IMPORT: (0.25, 40),
}


@dataclass(frozen=True, slots=True)
class Ties:
    """The weight from one to another, and whom each writes with in one transaction, as far as that was observed."""

    weights: dict[tuple[str, str], float] = field(default_factory=dict)
    together: dict[str, set[str]] = field(default_factory=dict)

    def outward(self, name: str) -> dict[str, float]:
        """What it needs, with the weight."""
        return {target: weight for (source, target), weight in self.weights.items() if source == name}

    def inward(self, name: str) -> dict[str, float]:
        """What needs it, with the weight."""
        return {source: weight for (source, target), weight in self.weights.items() if target == name}


def ties_between(inventory: Inventory, owner: Mapping[str, str]) -> Ties:
    """The ties between owners of apps; `owner` says by an app's label whose it is, and leaves out what is nobody's."""
    ties = Ties()
    for coupling in couplings(inventory):
        source, target = owner.get(coupling.source, ""), owner.get(coupling.target, "")
        if not source or not target or source == target:
            continue
        weight, most = _WEIGHTS[coupling.kind]
        pair = source, target
        ties.weights[pair] = ties.weights.get(pair, 0.0) + weight * min(coupling.count, most)
        if coupling.kind is CouplingKind.TRANSACTION:
            ties.together.setdefault(source, set()).add(target)
    return ties
