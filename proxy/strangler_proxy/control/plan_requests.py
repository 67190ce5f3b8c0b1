"""What the control API takes of plans, checked: every request is either understood whole or refused."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from strangler.errors import PlanError
from strangler.toggles import NAME_PATTERN, Move, Stage, parse_share
from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Name, Share, Why
from strangler_proxy.plan.mark import Mark
from strangler_proxy.plan.run import RunAct

__all__ = ["ConsentRequest", "LeaseRequest", "MarkRequest", "PlanFlipRequest", "RunRequest"]


def _step(text: str) -> str:
    if not NAME_PATTERN.fullmatch(text):
        raise ValueError("is no step's id: use a-z, 0-9, - and _, with dots between parts")
    return text


def _mark(document: dict[str, Any]) -> dict[str, Any]:
    try:
        return Mark.from_json(document).to_json()
    except PlanError as error:
        raise ValueError(error.wrong) from error


def _action(text: str) -> str:
    if text == "plan.approve":
        raise ValueError("is what a consent alone is called in the audit")
    return text


Holder = Annotated[Name, Field(description="Who is at it: a text of one's own, the same in every call.")]
StepId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_step)]
Meaning = Annotated[str, Field(pattern="^[0-9a-f]{12}$", description="Which words of the step: its hash.")]


class LeaseRequest(Body):
    """The lease of a plan: taken, or gone on with; or with `release` let go."""

    holder: Holder
    release: bool = Field(default=False, strict=True, description="Let go of it.")


class MarkRequest(Body):
    """What is to be kept of a step, by whoever holds the plan's lease."""

    holder: Holder
    step: StepId
    mark: Annotated[dict[str, Any], AfterValidator(_mark)] | None = Field(description="The mark; null forgets it.")
    version: int = Field(ge=0, le=2**53, description="The version of the mark that is known; 0 for none.")
    action: Annotated[str, AfterValidator(_action)] = Field(
        pattern=r"^plan\.[a-z-]{1,40}$", description="What was done, as it stands in the audit; no `plan.approve`."
    )
    why: Why = Field(description="Stands in the audit; one line.")
    detail: dict[str, Any] = Field(default={}, description="Stands in the audit: output, verdicts.")


class PlanFlipRequest(Body):
    """A move of toggles that a step makes, by whoever holds the plan's lease."""

    holder: Holder
    step: StepId
    names: Annotated[list[Name], Field(min_length=1, max_length=1000)] = Field(description="Names of toggles.")
    stage: Stage
    share: Share | None = Field(default=None, description="For stage `canary`: a percentage such as `10%`.")
    force: bool = Field(default=False, strict=True, description="Lets a stage be skipped.")
    evidence: dict[str, Any] = Field(default={}, description="Stands in the audit beside the move.")
    why: Why = Field(description="Stands in the audit; one line.")

    @model_validator(mode="after")
    def _one_door_at_a_time(self) -> PlanFlipRequest:
        if self.stage is Stage.RETIRED and len(self.names) > 1:
            raise ValueError("retires more than one: a one-way door is gone through by name, one after the other")
        return self

    @property
    def move(self) -> Move:
        """The move as the stages' rules take it; the name stands for its own confirmation, which the plan asked for."""
        share = None if self.share is None else parse_share(self.share)
        return Move(stage=self.stage, share=share, force=self.force, confirm=self.names[0])


class RunRequest(Body):
    """A step that the control plane is to carry out."""

    step: StepId
    digest: Annotated[str, Field(pattern="^[0-9a-f]{12}$", description="Of the step's block, as it was read.")]
    act: RunAct = Field(default=RunAct.APPLY, description="What is done with it.")
    confirm: str = Field(default="", max_length=200, description="The name of a one-way door.")


class ConsentRequest(Body):
    """A person's yes to a step as it is written."""

    step: StepId
    meaning: Meaning
    why: Why = Field(description="Stands in the audit; one line.")
