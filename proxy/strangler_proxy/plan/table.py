"""The table of a step: its keys, defaults and meaning. What the published grammar says, it says from here."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from strangler.toggles import NAME_PATTERN, Stage, parse_share
from strangler_proxy.config.forms import Flag, PositiveDuration, refusal, shown
from strangler_proxy.plain import is_plain
from strangler_proxy.plan.moves import ApprovalMove, CommandMove, FlipMove, RolloutMove, StepMove, WaitMove

__all__ = [
    "MOVE_TABLES",
    "ApprovalTable",
    "ChecksTable",
    "CommandTable",
    "FlipTable",
    "MoveTable",
    "NoTrafficTable",
    "NothingLeftTable",
    "RolloutTable",
    "StepTable",
    "WaitTable",
]

_GLOB: Final = r"[a-z0-9_.*?\[\]!-]+"
_NAMES_SCHEMA: Final = {
    "anyOf": [
        {"type": "string", "pattern": f"^{_GLOB}$"},
        {"type": "array", "items": {"type": "string", "pattern": f"^{_GLOB}$"}, "minItems": 1},
    ]
}
_TIME_SCHEMA: Final = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)?\s*$"},
    ]
}
_ID: Final = NAME_PATTERN.pattern


def _names(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise refusal("names nothing", 'write names or globs of routes and seams, such as "catalog.*"')
    for each in listed:
        if not isinstance(each, str) or not re.fullmatch(_GLOB, each):
            raise refusal(
                f"has {shown(each)}, no name of a route or seam",
                'write names or globs such as "catalog.product-list" or "catalog.*"',
            )
    return tuple(listed)


def _id(value: Any) -> str:
    if isinstance(value, str) and NAME_PATTERN.fullmatch(value):
        return value
    raise refusal(f"is {shown(value)}, no id of a step", "write the word behind step= of another block")


def _share(value: Any) -> int:
    if isinstance(value, str):
        try:
            return parse_share(value)
        except ValueError:
            pass
    raise refusal(f"is {shown(value)}, not a share", 'write a percentage from "0%" to "100%", such as "10%"')


def _line(text: str) -> str:
    if not text.strip() or not is_plain(text):
        raise refusal(f"is {shown(text)}", "write one line of text, without control characters")
    return text.strip()


Names = Annotated[tuple[str, ...], PlainValidator(_names), WithJsonSchema(_NAMES_SCHEMA)]
StepId = Annotated[str, PlainValidator(_id), WithJsonSchema({"type": "string", "pattern": f"^{_ID}$"})]
Share = Annotated[
    int, PlainValidator(_share), WithJsonSchema({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$"})
]
Time = Annotated[PositiveDuration, WithJsonSchema(_TIME_SCHEMA)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_line)]
Shell = Annotated[str, Field(min_length=1, max_length=10_000)]
Yes = Annotated[Flag, WithJsonSchema({"type": "boolean"})]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FlipTable(_Table):
    """Toggles move to a stage."""

    flip: Names = Field(description="Routes and seams, by names or globs.", examples=["catalog.*"])
    stage: Literal["monolith", "shadow", "canary", "extracted", "retired"] = Field(
        description="Where they go. `monolith` belongs in `undo` alone.", examples=["shadow"]
    )
    share: Share | None = Field(default=None, description="For stage `canary`: the share of subjects, such as `10%`.")
    force: Yes = Field(default=False, description="Stages may be skipped; the audit says so.")

    def move(self) -> StepMove:
        """The move that this table says."""
        return FlipMove(self.flip, Stage(self.stage), self.share, self.force)


class RolloutTable(_Table):
    """A rollout of routes is started; the move is made when the rollout is completed."""

    rollout: Names = Field(description="Routes, by names or globs.", examples=["catalog.*"])
    schedule: Line = Field(default="", description="A schedule of `strangler.toml`, by name; else the built-in one.")

    def move(self) -> StepMove:
        """The move that this table says."""
        return RolloutMove(self.rollout, self.schedule)


class CommandTable(_Table):
    """A command is run in the operator's shell, in the plan's folder; made when it ends with 0."""

    command: Shell = Field(description="The command; it must bear being run twice.", examples=["make parity"])
    timeout: Time = Field(default=600.0, description="After so long it is ended, and counts as failed.")

    def move(self) -> StepMove:
        """The move that this table says."""
        return CommandMove(self.command, self.timeout)


class ApprovalTable(_Table):
    """The step waits for `strangler plan approve STEP`."""

    approval: Line = Field(description="Whose word it waits for, in words.", examples=["the shop's owner"])

    def move(self) -> StepMove:
        """The move that this table says."""
        return ApprovalMove(self.approval)


class WaitTable(_Table):
    """The step waits for time to pass since the move before."""

    wait: Time = Field(description="How long.", examples=["14d"])

    def move(self) -> StepMove:
        """The move that this table says."""
        return WaitMove(self.wait)


class NoTrafficTable(_Table):
    """Nobody is answered by the monolith any more: neither by way of the proxy nor past it."""

    routes: Names = Field(description="Routes, by names or globs.", examples=["catalog.*"])
    time: Time = Field(description="For how long nobody was.", examples=["14d"])
    callers: Line = Field(
        default="", description="A file that `manage.py strangler_callers --json` wrote: what the monolith counted."
    )
    views: list[Line] = Field(
        default=[], description="The views, as that file names them, that nobody may have reached; go with `callers`."
    )


class NothingLeftTable(_Table):
    """Nothing names the old code any more."""

    names: Annotated[list[Line], Field(min_length=1)] = Field(
        description="Dotted modules, which nothing may import, and texts such as URLs, which may stand nowhere.",
        examples=[["monolith.catalog.serializers", "/api/v1/products/"]],
    )
    within: Annotated[list[Line], Field(min_length=1)] = Field(
        description="Folders that are looked through, from the plan's folder.", examples=[["monolith"]]
    )
    delete: list[Line] = Field(
        default=[], description="Files and folders to be deleted; they may name what is in `names`."
    )


class ChecksTable(_Table):
    """What is proved before old code is taken away."""

    no_traffic: NoTrafficTable | None = Field(default=None, description="Nobody is answered by it.")
    nothing_left: NothingLeftTable | None = Field(default=None, description="Nothing names it.")


class StepTable(_Table):
    """A step. At least one of `moves`, `before`, `after` and `checks` says what is to be done or seen."""

    owner: Line = Field(default="", description="Who does it, in words.")
    needs: list[StepId] = Field(default=[], description="Steps that must be done before, by id.")
    why: Line = Field(default="", description="Stands in the audit; by default the heading above the block.")
    routes: Names = Field(
        default=(), description="Whom the gates look at, by names or globs; by default all that the step moves."
    )
    moves: list[dict[str, Any]] = Field(default=[], description="What is done, in this order.")
    undo: list[dict[str, Any]] | None = Field(
        default=None,
        description="What takes the step back; by default toggles go to where the steps needed before left them.",
    )
    one_way: Line = Field(
        default="", description="There is no way back; a name that whoever applies the step has to repeat."
    )
    before: dict[str, Any] | None = Field(default=None, description="Gates that are judged before the first move.")
    after: dict[str, Any] | None = Field(
        default=None, description="Gates that are judged after the last move until all pass or one fails."
    )
    checks: dict[str, Any] | None = Field(default=None, description="What is proved before old code is taken away.")


MoveTable = FlipTable | RolloutTable | CommandTable | ApprovalTable | WaitTable
MOVE_TABLES: Final[dict[str, type[MoveTable]]] = {
    "flip": FlipTable,
    "rollout": RolloutTable,
    "command": CommandTable,
    "approval": ApprovalTable,
    "wait": WaitTable,
}
"""The tables of moves by the key that says what kind of move it is."""
