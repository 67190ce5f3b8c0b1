"""What one gate comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from strangler.evidence import GateVerdict, Judgement

__all__ = ["GateJudgement", "overall"]


@dataclass(frozen=True, slots=True)
class GateJudgement:
    """A gate's verdict. `reason` says in one sentence what it saw and what it wants, `figures` the same in numbers, as
    plain JSON types."""

    name: str
    verdict: GateVerdict
    reason: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The judgement as a JSON document."""
        return {
            "gate": self.name,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "figures": dict(self.figures),
        }


def overall(judgements: Iterable[GateJudgement]) -> Judgement:
    """`fail` where one fails, else `inconclusive` where one is, else `pass`; with the reasons of those that decide it.
    No gate at all passes: nothing was wanted."""
    listed = list(judgements)
    if not listed:
        return Judgement(GateVerdict.PASS, "No gate is asked for.")
    return Judgement.all_of(Judgement(each.verdict, each.reason) for each in listed)
