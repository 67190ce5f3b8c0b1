"""What the control API takes of sessions, checked."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Why

__all__ = ["SessionsEndRequest"]

_MOST: Final = 1000

SessionId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class SessionsEndRequest(Body):
    """Sessions that are to be over."""

    ids: Annotated[list[SessionId], Field(min_length=1, max_length=_MOST)] = Field(
        description="Which, by their ids in the list of sessions."
    )
    why: Why = Field(description="Stands in the audit; one line.")
