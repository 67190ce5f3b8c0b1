"""What the control API takes of gates and approvals, checked: every request is either understood whole or refused."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from strangler_proxy.config.gates_table import GatesTable
from strangler_proxy.control.body import Body
from strangler_proxy.control.requests import Name, Why
from strangler_proxy.plain import is_plain

__all__ = ["ApproveRequest", "GatesRequest"]

_LATEST = 2**40


def _word(text: str) -> str:
    text = text.strip()
    if not text or not is_plain(text):
        raise ValueError("is a word or a few on one line")
    if text.endswith(")"):
        # A gate may wait for somebody by name, and how the audit names them ends so: nobody says it of themselves.
        raise ValueError("ends as a name with its token does, and nobody approves under another's")
    return text


Names = Annotated[list[Name], Field(min_length=1, max_length=1000)]


class GatesRequest(Body):
    """Routes and seams to be judged by gates."""

    names: Names = Field(description="Names or globs of toggles.")
    gates: GatesTable | None = Field(
        default=None,
        description="By these; by default by those that the configuration wants before the next stage. None that ask"
        " an address or run a command: those are for the caller's own machine.",
    )
    since: Annotated[float, Field(ge=0, le=_LATEST, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Of what was seen since then, in seconds since 1970; by default since stage or share last changed.",
    )

    @model_validator(mode="after")
    def _inside(self) -> Self:
        asked = self.gates
        for key in () if asked is None else ("probe", "command", "prometheus"):
            if getattr(asked, key) is not None:
                # Whoever may ask could otherwise have this machine ask any address that it can reach.
                raise ValueError(f"`{key}` over the network is refused: `strangler gate` asks it where it runs")
        return self


class ApproveRequest(Body):
    """A person's yes."""

    names: Names = Field(description="Names or globs of toggles.")
    word: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_word)] = Field(
        default="approve", description="As what: the word that a gate waits for."
    )
    why: Why = Field(description="Stands in the audit; one line.")
