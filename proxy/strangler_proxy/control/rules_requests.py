"""What the control API takes of compare rules, checked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Why

__all__ = ["RulesRequest"]


class RulesRequest(Body):
    """Another text for the rule file."""

    text: Annotated[str, Field(max_length=60_000)] = Field(description="The whole text of the file.")
    expected_digest: Annotated[str, Field(max_length=12)] = Field(
        description="The `digest` of the text that it takes the place of; empty where there is no file yet."
    )
    why: Why = Field(description="Stands in the audit; one line.")
