"""What is kept of a step: only what the world itself cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from strangler.errors import PlanError

__all__ = ["Failure", "Mark"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What held a step up: `what` is `before`, `checks`, `move` or `after`, `at` in seconds since 1970.

    `take_back` is whether its toggles are still to be taken back to where they were before the step, `again` whether
    somebody has begun the step once more since.
    """

    what: str
    reason: str
    at: float
    take_back: bool = False
    again: bool = False

    def to_json(self) -> dict[str, Any]:
        """The failure as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Failure:
        """The failure that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            str(document["what"]),
            str(document["reason"]),
            float(document["at"]),
            bool(document["take_back"]),
            bool(document["again"]),
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """Times are in seconds since 1970, None for not yet; `meaning` is that of the step's block when it was begun.

    `passed_at` is when its gates before and its checks had passed, `moved` by its number when a command had ended or a
    rollout was to be started. `failure` stays until the step is done. `undoing` is whether it was begun to be undone.
    """

    meaning: str
    begun_at: float
    begun_by: str
    passed_at: float | None = None
    moved: Mapping[int, float] = field(default_factory=dict)
    failure: Failure | None = None
    done_at: float | None = None
    done_by: str = ""
    undoing: bool = False

    @property
    def tried_again(self) -> bool:
        """Whether it failed, was begun once more, and has come past its gates before this time."""
        return self.failure is not None and self.failure.again and self.passed_at is not None

    def to_json(self) -> dict[str, Any]:
        """The mark as plain JSON types."""
        return {
            "meaning": self.meaning,
            "begun_at": self.begun_at,
            "begun_by": self.begun_by,
            "passed_at": self.passed_at,
            "moved": {str(index): at for index, at in self.moved.items()},
            "failure": self.failure and self.failure.to_json(),
            "done_at": self.done_at,
            "done_by": self.done_by,
            "undoing": self.undoing,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Mark:
        """The mark that `to_json` wrote. Raises PlanError for anything else."""
        try:
            failure = document["failure"]
            return cls(
                meaning=str(document["meaning"]),
                begun_at=float(document["begun_at"]),
                begun_by=str(document["begun_by"]),
                passed_at=_time(document["passed_at"]),
                moved={int(index): float(at) for index, at in document["moved"].items()},
                failure=None if failure is None else Failure.from_json(failure),
                done_at=_time(document["done_at"]),
                done_by=str(document["done_by"]),
                undoing=bool(document["undoing"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PlanError(
                f"What is kept of a step cannot be read: {error!r}.",
                "Another version of Strangler may have written it.",
            ) from error


def _time(value: Any) -> float | None:
    return None if value is None else float(value)
