"""What the control API takes of rollouts, checked: every request is either understood whole or refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Name, WaitSeconds, Why
from strangler_proxy.rollout import DEFAULT

__all__ = ["RolloutAbort", "RolloutOrder", "RolloutStart"]


class RolloutStart(Body):
    """A rollout to begin."""

    names: Annotated[list[Name], Field(min_length=1, max_length=100)] = Field(
        description="Names or globs of toggles, which move together from then on."
    )
    schedule: Name = Field(default=DEFAULT.name, description="A schedule by its name in `[rollouts.NAME]`.")
    name: Name | None = Field(default=None, description="What to call it; by default the names, with commas.")
    why: Why = Field(description="Stands in the audit; one line.")


class RolloutOrder(Body):
    """What a rollout is told."""

    name: Name = Field(description="The rollout's name.")
    why: Why = Field(description="Stands in the audit; one line.")


class RolloutAbort(RolloutOrder):
    """The end of a rollout."""

    wait_seconds: WaitSeconds = Field(default=2.0, description="How long to wait until its toggles are back.")
