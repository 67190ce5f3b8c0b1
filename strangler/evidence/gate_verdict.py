"""What a condition on evidence comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["GateVerdict", "Judgement"]


class GateVerdict(StrEnum):
    """Three values: without enough data it is never `pass`."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason, in a sentence for people."""

    verdict: GateVerdict
    reason: str

    def to_json(self) -> dict[str, Any]:
        """The judgement as a JSON document."""
        return {"verdict": self.verdict.value, "reason": self.reason}

    @classmethod
    def all_of(cls, judgements: Iterable[Judgement]) -> Judgement:
        """`fail` where one fails, else `inconclusive` where one is or there are none, else `pass`; with the reasons of
        those that decide it."""
        listed = list(judgements)
        for verdict in (GateVerdict.FAIL, GateVerdict.INCONCLUSIVE):
            deciding = [each.reason for each in listed if each.verdict is verdict]
            if deciding:
                return cls(verdict, " ".join(deciding))
        if not listed:
            return cls(GateVerdict.INCONCLUSIVE, "Nothing was looked at.")
        return cls(GateVerdict.PASS, " ".join(each.reason for each in listed))
