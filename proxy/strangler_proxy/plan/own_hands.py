"""What of a step only an operator can do, at their own machine: the control plane runs no command. Pure."""

from __future__ import annotations

from typing import Final

from strangler_proxy.plan.moves import CommandMove
from strangler_proxy.plan.step import Step

__all__ = ["apply_by_hand", "undo_by_hand"]

_NONE: Final = "The control plane runs none: commands are for the operator's own shell."


def apply_by_hand(step: Step) -> str:
    """Why the step is applied from the command line, in a sentence; empty where the control plane can do it."""
    if any(isinstance(move, CommandMove) for move in step.moves):
        return f"It runs a command. {_NONE}"
    if any(gates is not None and gates.wanted.commands for gates in (step.before, step.after)):
        return (
            "One of its gates is a command, and the control plane runs none: commands are for the operator's own shell."
        )
    checks = step.checks
    if checks is not None and (checks.nothing_left is not None or (checks.no_traffic and checks.no_traffic.callers)):
        return "Its checks look into files beside the plan, and those that count are the operator's own."
    return ""


def undo_by_hand(step: Step) -> str:
    """Why the step is undone from the command line, in a sentence; empty where the control plane can do it."""
    if any(isinstance(move, CommandMove) for move in step.undo or ()):
        return (
            "Its way back runs a command, and the control plane runs none: commands are for the operator's own shell."
        )
    return ""
