"""What the control API takes of evidence, checked: every request is either understood whole or refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Name, Why

__all__ = ["ClearRequest", "EraseRequest", "RejudgeRequest"]

Names = Annotated[list[Name], Field(min_length=1, max_length=1000)]


class ClearRequest(Body):
    """Evidence to be forgotten."""

    names: Names = Field(description="Names or globs of routes.")
    release: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Only what belongs to this release of the candidate; `` is one that reports none."
    )
    why: Why = Field(description="Stands in the log; one line.")


class EraseRequest(Body):
    """A person whose kept pairs are to be forgotten."""

    subject: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="The subject, as `explain` names it: not its hash."
    )
    why: Why = Field(description="Stands in the log; one line. The subject does not.")


class RejudgeRequest(Body):
    """Kept pairs to be judged anew."""

    names: Names = Field(description="Names or globs of routes.")
    rules: Annotated[str, Field(max_length=60_000)] | None = Field(
        default=None, description="The text of a rule file; by default the file as it stands now."
    )
    keep: bool = Field(default=False, strict=True, description="Keep the pairs as they were judged now.")
    most: Annotated[int, Field(ge=1, le=2000, strict=True)] = Field(
        default=2000, description="No more pairs than so many; of each route the newest."
    )
