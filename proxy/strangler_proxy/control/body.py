"""What every request's body to the control API has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Body"]


class Body(BaseModel):
    """A body that is understood whole or refused: a key that nobody knows is one that was meant otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)
