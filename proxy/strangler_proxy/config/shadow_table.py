"""The tables `[shadow]` and `[evidence]`, with keys, defaults and meaning, and the forms that only they and the routes'
keys take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from strangler_proxy.config.forms import Duration, Name, PositiveDuration, refusal, shown
from strangler_proxy.config.shadow import EvidenceSettings, ShadowSettings
from strangler_proxy.config.store_url import StoreUrl

__all__ = ["RULES", "EvidenceTable", "Release", "ShadowTable", "Share", "Writes"]

RULES: Final = "strangler.rules.toml"
"""Where the compare rules are looked for by default."""

_SHADOW = ShadowSettings()
_EVIDENCE = EvidenceSettings()
_LONGEST_RELEASE: Final = 64
_DAY: Final = 86400.0
_RELEASE: Final = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?")
# What may be done with the copy of a write: nothing, or ask the candidate for it with that word in a header.
_STRATEGIES: Final = ("skip", "sandbox", "dry-run")


def _writes(value: Any) -> str:
    if value in _STRATEGIES:
        return str(value)
    raise refusal(f"is {shown(value)}, no strategy for writes", 'write "skip", "sandbox" or "dry-run"')


def _slowdown(value: float) -> float:
    if value == 0 or value > 1:
        return value
    raise refusal(f"is {value:g}, as slow as usual or faster", "write a factor above 1, such as 2.0; or 0 for never")


def _day(value: float) -> float:
    if value >= _DAY:
        return value
    raise refusal(f"is {value:g} seconds, less than a day", 'write a time such as "400d"')


def _release(value: Any) -> str:
    if isinstance(value, str) and _RELEASE.fullmatch(value):
        return value
    right = f'write up to {_LONGEST_RELEASE} letters, digits and signs, such as "2026.11.3"'
    raise refusal(f"is {shown(value)}, not the name of a release", right)


Writes = Annotated[str, PlainValidator(_writes)]
Release = Annotated[str, PlainValidator(_release)]
Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=1, le=100_000)]
_Size = Annotated[int, Field(ge=1024, le=64 * 1024 * 1024 * 1024)]


class ShadowTable(BaseModel):
    """Copies of requests for the other side, and the comparison of both answers. Bounds are those of one worker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample: Share = Field(
        _SHADOW.sample,
        description="The share of a route's requests that are copied; by subject, else by the client's address, so that"
        " whole visits are in or out.",
    )
    queue: _Count = Field(_SHADOW.queue, description="Copies that wait at most; one more is dropped and counted.")
    in_flight: _Count = Field(_SHADOW.in_flight, description="Copies under way to one upstream at most.")
    bytes: _Size = Field(
        _SHADOW.bytes, description="Bytes that all copies hold at most, and all answers on their way to be one."
    )
    body_bytes: _Size = Field(
        _SHADOW.body_bytes,
        description="The longest body, of a request or of either answer, that is copied. Longer ones and streams pass"
        " by and are counted.",
    )
    timeout: PositiveDuration = Field(_SHADOW.timeout, description="Time for a copy in all, its wait aside.")
    rate: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        _SHADOW.rate, description="Copies a second to one upstream at most; `0` for any number."
    )
    slowdown: Annotated[float, AfterValidator(_slowdown)] = Field(
        _SHADOW.slowdown,
        description="No copies while the asked side answers so many times slower than it usually does; `0` for never.",
    )
    recheck: Share = Field(
        _SHADOW.recheck,
        description="The share of agreeing pairs for which the monolith is asked once more: how often does it change"
        " its own answer?",
    )
    lag: Duration = Field(_SHADOW.lag, description="After how long a difference is asked again of both sides.")
    second: Name | None = Field(
        None,
        description="An upstream that is a second instance of the monolith, `trusted`: asked at the same time as the"
        " other side, so that what the monolith does not repeat is known at once.",
        examples=["monolith-2"],
    )
    comparers: Annotated[int, Field(ge=1, le=64)] = Field(
        _SHADOW.comparers, description="Processes that compare what is not equal byte by byte."
    )
    rules: str | None = Field(
        None,
        min_length=1,
        description=f"The file with the compare rules; by default `{RULES}` beside this file, if it is there.",
        examples=[RULES],
    )

    def settings(self, rules: Path | None) -> ShadowSettings:
        """This table as settings; `rules` is the file of the compare rules, if there is one."""
        return ShadowSettings(**{**self.model_dump(), "second": self.second or "", "rules": rules})


class EvidenceTable(BaseModel):
    """What is kept of the comparisons."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: StoreUrl | None = Field(
        None,
        description="`sqlite:///PATH`, or [`postgresql://…`](#store); by default the toggles' database where that is a"
        " PostgreSQL, else `evidence.db` in the state folder.",
        examples=["sqlite:///evidence.db"],
    )
    keep: PositiveDuration = Field(_EVIDENCE.keep, description='How long evidence is kept, such as `"30d"`.')
    bytes: _Size = Field(_EVIDENCE.bytes, description="Size of the whole pairs that are kept; then the oldest go.")
    samples: Annotated[int, Field(ge=0, le=1000)] = Field(
        _EVIDENCE.samples, description="Whole pairs that are kept for each field and kind of difference."
    )
    events_keep: Annotated[PositiveDuration, AfterValidator(_day)] = Field(
        _EVIDENCE.events_keep,
        description="How long [events](control-api.md#get-apiv1events), the audit of all but moves, are kept: at least"
        " a day. Moves are kept for ever.",
    )
    events: Annotated[int, Field(ge=1000, le=100_000_000)] = Field(
        _EVIDENCE.events, description="Events that are kept at most; then the oldest go."
    )
    calls_keep: Annotated[PositiveDuration, AfterValidator(_day)] = Field(
        _EVIDENCE.calls_keep,
        description="How long [counts of calls](control-api.md#counted-calls) are kept: at least a day.",
    )
    calls: Annotated[int, Field(ge=1000, le=100_000_000)] = Field(
        _EVIDENCE.calls,
        description="Entries of them that are kept at most (a minute of a caller's calls of one verb is one); then the"
        " oldest go.",
    )

    def settings(self, url: str) -> EvidenceSettings:
        """This table as settings; `url` is the store's, made absolute."""
        return EvidenceSettings(**{**self.model_dump(), "url": url})
