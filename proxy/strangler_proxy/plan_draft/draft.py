"""All that a draft of a plan is written from."""

from __future__ import annotations

from dataclasses import dataclass

from strangler.inventory import Inventory
from strangler_proxy.plan_draft.churn import Churn
from strangler_proxy.plan_draft.tangle import Tangle
from strangler_proxy.plan_draft.traffic import Traffic
from strangler_proxy.plan_draft.weight import Advice, Weighed

__all__ = ["Draft"]


@dataclass(frozen=True, slots=True)
class Draft:
    """All that a draft is written from. `weighed` are the parts in their order."""

    inventory: Inventory
    weighed: tuple[Weighed, ...]
    tangles: tuple[Tangle, ...]
    traffic: Traffic | None = None
    churn: Churn | None = None

    @property
    def moving(self) -> list[Weighed]:
        """The parts that are to move, in their order."""
        return [each for each in self.weighed if each.advice is not Advice.STAY]

    @property
    def staying(self) -> list[Weighed]:
        """The parts that had better stay."""
        return [each for each in self.weighed if each.advice is Advice.STAY]
