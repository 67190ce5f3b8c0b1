"""A person's yes to a step as it is written."""

from __future__ import annotations

from typing import Any

from strangler.errors import PlanError
from strangler_proxy.client import ControlClient
from strangler_proxy.plan.moves import ApprovalMove
from strangler_proxy.plan.step import Step

__all__ = ["approve_step", "waits_for_approval"]


def waits_for_approval(step: Step) -> bool:
    """Whether the step waits for a person's word, by a move or by its gates."""
    return bool(_words(step)) or any(isinstance(move, ApprovalMove) for move in step.moves)


def approve_step(client: ControlClient, plan: str, step: Step, *, why: str) -> dict[str, Any]:
    """Say yes to the step, and to what its gates ask for; gives the consent that is kept. Raises PlanError where nobody
    is asked."""
    if not waits_for_approval(step):
        raise PlanError(f"{step.id} does not wait for anybody's approval.", "`strangler plan show` says what it does.")
    for word in _words(step):
        client.approve(step.looked_at, word=word, why=why)
    return client.plan_consent(plan, step.id, step.meaning, why=why)


def _words(step: Step) -> list[str]:
    return sorted({gates.wanted.approval for gates in (step.before, step.after) if gates and gates.wanted.approval})
