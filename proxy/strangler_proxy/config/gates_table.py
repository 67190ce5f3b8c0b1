"""A table of gates, with keys, defaults and meaning: in `strangler.toml`, in a plan, in a file for `strangler gate` and
in a request to the control API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from strangler.errors import Problem
from strangler.evidence import AgreementWanted
from strangler.gates import (
    CommandGate,
    CoverageGate,
    ErrorsGate,
    Gates,
    LatencyGate,
    ProbeGate,
    PrometheusGate,
    TransientGate,
)
from strangler_proxy.config.forms import Flag, refusal
from strangler_proxy.config.gates_forms import (
    Address,
    Bound,
    Breaker,
    Confidence,
    Count,
    Factor,
    Headers,
    Number,
    OneOrMore,
    Share,
    Short,
    StatusClass,
    Text,
    Time,
    Word,
)
from strangler_proxy.config.place import Place
from strangler_proxy.config.positions import Path
from strangler_proxy.config.validation import validated

__all__ = [
    "AgreementTable",
    "CommandTable",
    "CoverageTable",
    "ErrorsTable",
    "GatesTable",
    "LatencyTable",
    "ProbeTable",
    "PrometheusTable",
    "TransientTable",
    "gates_schema",
    "read_gates",
]

_AGREEMENT = AgreementWanted()
_TRANSIENT = TransientGate()
_ERRORS = ErrorsGate()
_LATENCY = LatencyGate()
_PROBE = ProbeGate("")
_COMMAND = CommandGate("")
_PROMETHEUS = PrometheusGate("", "")
_HEADERS = 'Headers to send: `{ NAME = "env:VARIABLE" }`, the value being in a variable of the environment.'


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AgreementTable(_Table):
    """How surely the sides agree."""

    bound: Bound = Field(_AGREEMENT.bound, description="The share of pairs that must surely agree.")
    confidence: Confidence = Field(_AGREEMENT.confidence, description="How surely.")
    pairs: Count = Field(_AGREEMENT.pairs, description="From at least so many pairs.")
    inconclusive: Share = Field(
        _AGREEMENT.inconclusive, description="The share of pairs that may tell nothing, for these may hide differences."
    )


class TransientTable(_Table):
    """How often the sides may differ for a moment only."""

    margin: Share = Field(
        _TRANSIENT.margin, description="By how much that share may surpass the monolith's own changes."
    )
    confidence: Confidence = Field(_TRANSIENT.confidence, description="How surely.")


class ErrorsTable(_Table):
    """How often the candidate may fail."""

    margin: Share = Field(
        _ERRORS.margin, description="By how much its error rate may surpass the monolith's of the same time."
    )
    confidence: Confidence = Field(_ERRORS.confidence, description="How surely.")


class LatencyTable(_Table):
    """How long the candidate may take."""

    ratio: Factor = Field(_LATENCY.ratio, description="How many times the monolith's its quantile may be.")
    quantile: Confidence = Field(_LATENCY.quantile, description="Of which quantile, from 0.5 up.")
    confidence: Confidence = Field(_LATENCY.confidence, description="How surely.")


class CoverageTable(_Table):
    """What must have been seen in pairs that tell something."""

    templates: Flag = Field(False, description="Every template of the route.")
    methods: Flag = Field(False, description="Every method of the route; `HEAD` comes with `GET`.")
    statuses: list[StatusClass] = Field([], description='These classes of the monolith\'s status, such as `"4xx"`.')
    parameters: list[Word] = Field([], description="These query parameters.")
    subjects: Count | None = Field(None, description="So many distinct subjects, about.")
    targets: Count | None = Field(None, description="So many distinct targets (path with query), about.")


class ProbeTable(_Table):
    """An address that must answer."""

    url: Address = Field(description="The address. A redirect is an answer, and not followed.")
    status: Annotated[int, Field(ge=100, le=599)] | None = Field(None, description="By default any of 2xx.")
    contains: Text | None = Field(None, description="A text that must be in the first megabyte of the answer.")
    timeout: Time = Field(_PROBE.timeout, description="Time for all of it.")
    headers: Headers = Field(_PROBE.headers, description=_HEADERS)


class CommandTable(_Table):
    """A command that must end with 0."""

    run: Text = Field(description="A line for the shell.")
    timeout: Time = Field(_COMMAND.timeout, description="Time for all of it; then it is ended.")


class PrometheusTable(_Table):
    """A query that must give a number within bounds."""

    url: Address = Field(description="Of Prometheus itself, such as `http://prometheus:9090`.")
    query: Text = Field(description="In PromQL; must give one number, or a vector with one element.")
    min: Number | None = Field(None, description="The number is at least that.")
    max: Number | None = Field(None, description="The number is at most that; one of both must be there.")
    timeout: Time = Field(_PROMETHEUS.timeout, description="Time for all of it.")
    headers: Headers = Field(_PROMETHEUS.headers, description=_HEADERS)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            raise refusal("has no bound", "add min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise refusal(f"has min = {self.min:g} above max = {self.max:g}", "let min be the smaller one")
        return self


class GatesTable(_Table):
    """What a move must pass. Of everything that is asked for, all must pass; nothing passes without data."""

    agreement: Annotated[AgreementTable, Short("bound")] | None = Field(
        None, description="The share of pairs that must surely agree, such as `0.999`."
    )
    transient: Annotated[TransientTable, Short("margin")] | None = Field(
        None, description="By how much pairs that differ for a moment may surpass the monolith's own changes, `0.01`."
    )
    errors: Annotated[ErrorsTable, Short("margin")] | None = Field(
        None, description="By how much the candidate's error rate may surpass the monolith's of the same time, `0.005`."
    )
    latency: Annotated[LatencyTable, Short("ratio")] | None = Field(
        None, description="How many times the monolith's the candidate's p95 may be, such as `1.2`."
    )
    coverage: CoverageTable | None = Field(None, description="What must have been seen: a table.")
    requests: Count | None = Field(
        None, description="So many requests of the candidate since the stage began; in `shadow`, so many pairs."
    )
    time: Time | None = Field(None, description='So long in the stage, such as `"30m"`.')
    breaker: Breaker | None = Field(
        None, description='`"never open"`: the candidate\'s circuit breaker has not opened in the stage.'
    )
    probe: Annotated[list[ProbeTable], OneOrMore("url")] | None = Field(
        None, description="An address that must answer 2xx, a table, or a list of them."
    )
    command: Annotated[list[CommandTable], OneOrMore("run")] | None = Field(
        None, description="A command that must end with 0, run on the machine of the person who judges; or a list."
    )
    prometheus: Annotated[list[PrometheusTable], OneOrMore()] | None = Field(
        None, description="A query with bounds: a table, or a list of them."
    )
    approval: Word | None = Field(
        None, description="A person's yes, given in the stage: as this word, under this name or in this role."
    )

    def gates(self) -> Gates:
        """The table as a value."""
        asked = self.coverage
        return Gates(
            agreement=_made(AgreementWanted, self.agreement),
            transient=_made(TransientGate, self.transient),
            errors=_made(ErrorsGate, self.errors),
            latency=_made(LatencyGate, self.latency),
            coverage=None
            if asked is None
            else CoverageGate(
                templates=asked.templates,
                methods=asked.methods,
                classes=tuple(asked.statuses),
                parameters=tuple(asked.parameters),
                subjects=asked.subjects or 0,
                targets=asked.targets or 0,
            ),
            requests=self.requests or 0,
            seconds=self.time or 0.0,
            breaker=bool(self.breaker),
            probes=tuple(
                ProbeGate(each.url, each.status or 0, each.contains or "", each.timeout, each.headers)
                for each in self.probe or ()
            ),
            commands=tuple(CommandGate(each.run, each.timeout) for each in self.command or ()),
            prometheus=tuple(
                PrometheusGate(each.url, each.query, each.min, each.max, each.timeout, each.headers)
                for each in self.prometheus or ()
            ),
            approval=self.approval or "",
        )


def _made(kind: Any, table: BaseModel | None) -> Any:
    """The value of which `table` has the fields."""
    return None if table is None else kind(**{each.name: getattr(table, each.name) for each in fields(kind)})


def read_gates(raw: Any, path: Path, place: Place, *, unset: Iterable[Path] = ()) -> tuple[Gates | None, list[Problem]]:
    """The table of gates that stands at `path`, or None and everything that is wrong in it; `unset` as in
    `validated`."""
    table, problems = validated(GatesTable, raw, path, place, unset=unset)
    return None if table is None else table.gates(), problems


def gates_schema() -> dict[str, Any]:
    """The JSON Schema of a table of gates, whole in itself: it can stand anywhere within another one."""
    schema = GatesTable.model_json_schema()
    definitions = schema.pop("$defs", {})
    return {key: _inlined(value, definitions) for key, value in schema.items()}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        named = definitions[schema["$ref"].removeprefix("#/$defs/")]
        return _inlined({**named, **{key: value for key, value in schema.items() if key != "$ref"}}, definitions)
    # `null` is Python's word for a key that is left out, and TOML has none.
    kept = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    if "anyOf" in kept:
        kept["anyOf"] = [each for each in kept["anyOf"] if each != {"type": "null"}]
    return {key: _inlined(value, definitions) for key, value in kept.items()}
