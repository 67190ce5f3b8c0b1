"""What the control API's moves take, checked: every request is either understood whole or refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from strangler.toggles import Move, Side, Stage, parse_share
from strangler_proxy.control.body import Body
from strangler_proxy.plain import is_plain

__all__ = ["AdoptRequest", "BackRequest", "FlipRequest", "place_of"]


def _plain(text: str) -> str:
    if not is_plain(text):
        raise ValueError("is one line without control characters")
    return text


def _why(text: str) -> str:
    text = _plain(text.strip())
    if not text:
        raise ValueError("says why; it must not be empty, for it stands in the audit")
    return text


def _share(text: str) -> str:
    parse_share(text)
    return text


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Why = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_why)]
Share = Annotated[str, Field(max_length=20), AfterValidator(_share)]
WaitSeconds = Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)]
Revision = Annotated[int, Field(ge=0, le=2**53)]


class _Request(Body):
    why: Why = Field(description="Stands in the audit; one line.")
    wait_seconds: WaitSeconds | None = Field(
        default=None, description="How long to wait for the workers' acknowledgements; 2 by default."
    )


class FlipRequest(_Request):
    """A move of toggles."""

    names: Annotated[list[Name], Field(min_length=1, max_length=1000)] = Field(description="Names or globs of toggles.")
    stage: Stage
    share: Share | None = Field(default=None, description="For stage `canary`: a percentage such as `10%`.")
    overrides: Annotated[dict[Name, Side | None], Field(max_length=1000)] | None = Field(
        default=None, description="A subject's side set by hand; null takes the override away."
    )
    force: bool = Field(default=False, strict=True, description="Lets a stage be skipped.")
    confirm: Name | None = Field(default=None, description="The toggle's name, for the one-way door to `retired`.")
    expected_revision: Revision | None = Field(
        default=None, description="Refuse the move when the toggles are at another revision."
    )
    dry_run: bool = Field(
        default=False, strict=True, description="Move nothing: say what would move, or refuse as the move would be."
    )

    @property
    def move(self) -> Move:
        """The move as the stages' rules take it."""
        return Move(
            stage=self.stage,
            share=None if self.share is None else parse_share(self.share),
            overrides=self.overrides or {},
            force=self.force,
            confirm=self.confirm,
        )


class BackRequest(_Request):
    """A way back to the monolith: of `names`, or of all."""

    names: Annotated[list[Name], Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="Names or globs of toggles."
    )
    all: Literal[True] | None = Field(default=None, description="Every toggle but the retired ones.")

    @model_validator(mode="after")
    def _either(self) -> BackRequest:
        if (self.names is None) == (self.all is None):
            raise ValueError("says either `names` or `all`")
        return self


class AdoptRequest(_Request):
    """What to keep when the store is not the one that the toggles in force came from."""

    keep: Literal["snapshot", "store"]


def place_of(error: ValidationError) -> tuple[str, str]:
    """The first thing wrong with a request: where, and what."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return where, first["msg"].removeprefix("Value error, ")
