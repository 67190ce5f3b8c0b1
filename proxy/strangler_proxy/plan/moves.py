"""What a step does, one move after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strangler.toggles import Stage, format_share

__all__ = ["ApprovalMove", "CommandMove", "FlipMove", "Reached", "RolloutMove", "StepMove", "WaitMove", "spoken"]

Reached = tuple[Stage, int]
"""How far a toggle is: its stage, and its share in stage `canary`, else 0. `is_at_least` compares two."""


@dataclass(frozen=True, slots=True)
class FlipMove:
    """Toggles, by names or globs, are moved to a stage. `share` counts in buckets and belongs to stage `canary`."""

    names: tuple[str, ...]
    stage: Stage
    share: int | None = None
    force: bool = False

    @property
    def reached(self) -> Reached:
        """How far it brings its toggles."""
        return self.stage, self.share or 0

    def __str__(self) -> str:
        share = "" if self.share is None else f" {format_share(self.share)}"
        return f"{', '.join(self.names)} to {self.stage}{share}{', skipping stages' if self.force else ''}"

    def to_json(self) -> dict[str, Any]:
        """The move as the plan writes it."""
        share = None if self.share is None else format_share(self.share)
        return _said({"flip": list(self.names), "stage": self.stage.value, "share": share, "force": self.force or None})


@dataclass(frozen=True, slots=True)
class RolloutMove:
    """A rollout of routes is started and waited for; `schedule` names it, empty for the built-in one."""

    names: tuple[str, ...]
    schedule: str = ""

    @property
    def reached(self) -> Reached:
        """How far it brings its toggles, unless its schedule ends earlier."""
        return Stage.EXTRACTED, 0

    def __str__(self) -> str:
        return f"rollout of {', '.join(self.names)}{f' by schedule {self.schedule}' if self.schedule else ''}"

    def to_json(self) -> dict[str, Any]:
        """The move as the plan writes it."""
        return _said({"rollout": list(self.names), "schedule": self.schedule or None})


@dataclass(frozen=True, slots=True)
class CommandMove:
    """A command is run in the operator's shell, for at most `timeout` seconds; it is made when it ends with 0."""

    command: str
    timeout: float = 600.0

    def __str__(self) -> str:
        return f"`{self.command}`"

    def to_json(self) -> dict[str, Any]:
        """The move as the plan writes it, with the time in seconds."""
        return {"command": self.command, "timeout": self.timeout}


@dataclass(frozen=True, slots=True)
class ApprovalMove:
    """The step waits for the word of a person; `who` says whose, for people to read."""

    who: str

    def __str__(self) -> str:
        return f"the approval of {self.who}"

    def to_json(self) -> dict[str, Any]:
        """The move as the plan writes it."""
        return {"approval": self.who}


@dataclass(frozen=True, slots=True)
class WaitMove:
    """The step waits until `seconds` have passed since the move before it, or since the step was begun."""

    seconds: float

    def __str__(self) -> str:
        return f"a wait of {spoken(self.seconds)}"

    def to_json(self) -> dict[str, Any]:
        """The move as the plan writes it, with the time in seconds."""
        return {"wait": self.seconds}


StepMove = FlipMove | RolloutMove | CommandMove | ApprovalMove | WaitMove


def spoken(seconds: float) -> str:
    """A time in its largest unit that leaves no fraction, such as `2 min`; below a second as it is."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _said(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}
