"""What the control API takes of testers, checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from strangler.toggles import Side
from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Name, WaitSeconds, Why
from strangler_proxy.tester import LONGEST

__all__ = ["TesterRequest", "TesterRevokeRequest"]

TesterName = Annotated[Name, Field(max_length=60)]


class TesterRequest(Body):
    """Somebody who is to get a side of their choice."""

    name: TesterName = Field(description="Whose it is, for the audit.")
    routes: Name = Field(description="A route's name, or a glob.")
    side: Side = Field(default=Side.CANDIDATE, description="Who is to answer them.")
    expires_seconds: Annotated[float, Field(gt=0, le=LONGEST, allow_inf_nan=False)] = Field(
        default=8 * 3600.0, description="How long: 8 hours by default, 30 days at most."
    )
    why: Why = Field(description="Stands in the audit; one line.")


class TesterRevokeRequest(Body):
    """A tester whose words are to be good no more."""

    name: TesterName = Field(description="Whose they are.")
    why: Why = Field(description="Stands in the audit; one line.")
    wait_seconds: WaitSeconds = Field(default=2.0, description="How long to wait until the workers have taken it.")
