"""What the control API takes of tokens, checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from strangler.toggles import NAME_PATTERN
from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Why
from strangler_proxy.control.roles import Role

__all__ = ["TokenCreateRequest", "TokenRevokeRequest", "TokenRotateRequest"]

_LONGEST_LIFE = 10 * 366 * 86400
_LONGEST_GRACE = 7 * 86400

TokenName = Annotated[str, Field(min_length=1, max_length=60, pattern=f"^(?:{NAME_PATTERN.pattern})$")]


class _Request(Body):
    name: TokenName = Field(description="The token's name, as the audit has it.")
    why: Why = Field(description="Stands in the audit; one line.")


class TokenCreateRequest(_Request):
    """A token to be made."""

    role: Role = Field(description="What it is good for.")
    expires_seconds: Annotated[float, Field(gt=0, le=_LONGEST_LIFE, allow_inf_nan=False)] | None = Field(
        default=None, description="How long it is good for; null for ever."
    )


class TokenRevokeRequest(_Request):
    """A token that is to be good no more."""


class TokenRotateRequest(_Request):
    """A token that is to have another secret."""

    grace_seconds: Annotated[float, Field(ge=0, le=_LONGEST_GRACE, allow_inf_nan=False)] = Field(
        default=0.0, description="How long the present secret is good besides."
    )
