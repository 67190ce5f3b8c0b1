"""What the overview shows, of what the API's overview and status tell. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote, urlencode

from strangler.toggles import Stage
from strangler_proxy.plan.progress import answered
from strangler_proxy.words import stage_of

__all__ = [
    "AT_FIRST",
    "OVERS",
    "RANGES",
    "Context",
    "Meter",
    "Need",
    "Over",
    "Reach",
    "Row",
    "Shown",
    "SideShown",
    "StagePart",
    "Wanted",
    "progress_chart",
    "shown_of",
    "wanted_of",
]

_DAY: Final = 86_400
_LONGEST: Final = 200
_STAGES: Final = tuple(Stage)
_MOST_NEEDS: Final = 30
_PLACES: Final = {
    "rollout": "/room/routes/{name}",
    "agreement": "/room/differences/{name}",
    "upstream": "/room/upstreams",
    "step": "/room/plan",
}
_LABELS: Final = {
    "requests": "of requests",
    "routes and seams": "of routes and seams",
    "the monolith's lines that nobody needs": "of the monolith's code",
}
_CAPTIONS: Final = {
    "requests": "requests were answered by a candidate, in the last day",
    "routes and seams": "routes and seams moved, canaries by their share",
    "the monolith's lines that nobody needs": "lines that only retired routes lead to",
}

_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reach:
    """A stretch of time that ends now, for the chart: so many `seconds`, a point every `step`."""

    name: str
    label: str
    seconds: int
    step: int


@dataclass(frozen=True, slots=True)
class Over:
    """Of how many seconds rates are, and how that is called."""

    seconds: int
    label: str


RANGES: Final = {
    each.name: each
    for each in (
        Reach("hour", "hour", 3600, 60),
        Reach("day", "day", _DAY, 900),
        Reach("week", "week", 7 * _DAY, 7200),
        Reach("month", "30 days", 30 * _DAY, 6 * 3600),
        Reach("quarter", "90 days", 90 * _DAY, _DAY),
        Reach("year", "year", 366 * _DAY, 3 * _DAY),
    )
}
"""The stretches that one can choose from, by name."""

AT_FIRST: Final = RANGES["day"]
"""What is shown at first."""

OVERS: Final = (Over(60, "last minute"), Over(300, "last 5 minutes"), Over(3600, "last hour"))
"""What one can choose from; the first is shown at first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see of the routes: those with `text` in their names (any case), in that `stage` (empty:
    any), with rates of so many seconds."""

    text: str = ""
    stage: str = ""
    over: int = OVERS[0].seconds

    def query(self) -> str:
        """The query of the page that shows that; empty where nothing is chosen."""
        over = "" if self.over == OVERS[0].seconds else self.over
        asked = {"q": self.text, "stage": self.stage, "over": over}
        return urlencode({key: value for key, value in asked.items() if value})


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of one thing has moved: `share` is 0 to 1, None of nothing, `told` is it in words; `caption` says of how
    much, or why not."""

    label: str
    share: float | None
    told: str
    caption: str


@dataclass(frozen=True, slots=True)
class StagePart:
    """How many stand in a stage, and what part of all that is (0 to 1)."""

    stage: str
    count: int
    part: float


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs a person: what kind of thing, which one, what is with it, and where to go, if anywhere."""

    kind: str
    name: str
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class SideShown:
    """What customers got of a side lately: requests a second, the share of errors, times in seconds. With `copies` the
    times are of copies, or of the monolith asked once more beside them, and customers had no part in it."""

    side: str
    rate: float | None = None
    error_rate: float | None = None
    p50: float | None = None
    p99: float | None = None
    copies: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A route or seam: the API's row of it, and both sides."""

    told: _Json
    place: str
    sides: tuple[SideShown, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """A bounded context: the routes and seams whose names begin alike, how they stand, and the requests a second of
    both sides together."""

    name: str
    rows: tuple[Row, ...]
    stages: tuple[StagePart, ...]
    moved: str
    rate: float


@dataclass(frozen=True, slots=True)
class Shown:
    """The overview. `contexts` show `found` of `total` routes and seams; everything else is of all of them."""

    meters: tuple[Meter, ...]
    stages: tuple[StagePart, ...]
    needs: tuple[Need, ...]
    more_needs: int
    contexts: tuple[Context, ...]
    found: int
    total: int


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """What a page's query asks for. What makes no sense is passed over: it came from a link."""
    stage = query.get("stage", "")
    over = query.get("over", "")
    return Wanted(
        text=query.get("q", "").strip()[:_LONGEST],
        stage=stage if stage in _STAGES else "",
        over=next((each.seconds for each in OVERS if str(each.seconds) == over), OVERS[0].seconds),
    )


def shown_of(document: _Json, wanted: Wanted) -> Shown:
    """What is shown of the API's overview."""
    rows = [each for each in document["routes"] if _is_wanted(each, wanted)]
    needs = [_need(each, document) for each in document["needs"]]
    return Shown(
        meters=_meters(document),
        stages=_parts(document["routes"]),
        needs=tuple(needs[:_MOST_NEEDS]),
        more_needs=max(0, len(needs) - _MOST_NEEDS),
        contexts=tuple(_context(name, tuple(found)) for name, found in groupby(rows, key=_context_of)),
        found=len(rows),
        total=len(document["routes"]),
    )


def progress_chart(points: Sequence[_Json], entries: Iterable[_Json], since: float) -> dict[str, Any]:
    """The shares of the requests, of the routes and of the code that had moved, as `assets/chart.js` reads it, with
    those of the audit's `entries` that are from `since` on."""
    series = [
        {"name": label, "side": "", "values": [None if each[key] is None else each[key]["share"] for each in points]}
        for key, label in (("requests", "requests"), ("toggles", "routes and seams"), ("code", "code"))
    ]
    drawn = [each for each in series if any(value is not None for value in each["values"])]
    # Before anything was known there is nothing to see.
    known = [index for index in range(len(points)) if any(each["values"][index] is not None for each in drawn)]
    first = min(known, default=len(points))
    return {
        "times": [each["at"] for each in points[first:]],
        "unit": "percent",
        "series": [{**each, "values": each["values"][first:]} for each in drawn],
        "marks": sorted(_marks(entries, since), key=lambda mark: mark["at"]),
        "empty": "Nothing was counted in this time.",
    }


def _marks(entries: Iterable[_Json], since: float) -> Iterator[dict[str, Any]]:
    for entry in entries:
        at = datetime.fromisoformat(entry["at"]).timestamp()
        # What is new came into the file, and moved nobody.
        if entry["from"] is not None and at >= since:
            yield {"at": at, "label": f"{entry['name']}: {stage_of(entry['to'])}", "kind": "flip"}


def _is_wanted(row: _Json, wanted: Wanted) -> bool:
    return wanted.text.lower() in row["name"].lower() and wanted.stage in ("", row["stage"])


def _context_of(row: _Json) -> str:
    return str(row["name"]).partition(".")[0]


def _context(name: str, rows: tuple[_Json, ...]) -> Context:
    shown = tuple(Row(row, f"/room/routes/{quote(row['name'], safe='')}", _sides(row)) for row in rows)
    rate = sum(side["rate"] for row in rows for side in row["sides"].values())
    return Context(name, shown, _parts(rows), _coarse(sum(map(_answered, rows)) / len(rows)), rate)


def _sides(row: _Json) -> tuple[SideShown, ...]:
    """Both sides, as far as anything is known of them. Where customers got nothing of the candidate, its times are
    those of copies, and the monolith's stand beside that come from the same pairs."""
    told = {
        side: SideShown(side, each["rate"], each["error_rate"], each["p50"], each["p99"])
        for side, each in row["sides"].items()
        if each["requests"]
    }
    times = (row["agreement"] or {}).get("times") or {}
    if "candidate" not in told and times and row["stage"] == Stage.SHADOW:
        told["candidate"] = SideShown(
            "candidate", p50=times["p50"]["candidate"], p99=times["p99"]["candidate"], copies=True
        )
    return tuple(told[side] for side in ("monolith", "candidate") if side in told)


def _coarse(share: float) -> str:
    """A share for the eye, to a tenth of a percent, never rounded up."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:g} %"


def _answered(row: _Json) -> float:
    """The share of a row's customers that the candidate answers. What has no twin was born as a service."""
    return 1.0 if row["stage"] is None else answered((Stage(row["stage"]), row["share"]))


def _parts(rows: Iterable[_Json]) -> tuple[StagePart, ...]:
    """How many rows stand in each stage that there is one in, in the order of stages."""
    counts = Counter(row["stage"] for row in rows if row["stage"] is not None)
    whole = counts.total()
    return tuple(StagePart(stage, counts[stage], counts[stage] / whole) for stage in _STAGES if counts[stage])


def _meters(document: _Json) -> tuple[Meter, ...]:
    meters = [
        Meter(_LABELS[part["name"]], part["share"], _coarse(part["share"] or 0.0), _caption(part))
        for part in document["parts"]
    ]
    if document["code_lacks"]:
        meters.append(Meter(_LABELS["the monolith's lines that nobody needs"], None, "", document["code_lacks"]))
    return tuple(meters)


def _caption(part: _Json) -> str:
    if part["share"] is None:
        return "Nothing was counted yet."
    moved = f"{part['moved']:,.1f}".removesuffix(".0")
    amounts = f"{moved} of {part['whole']:,.0f}".replace(",", "\u202f")
    return f"{amounts} {_CAPTIONS[part['name']]}"


def _need(need: _Json, document: _Json) -> Need:
    name = need["name"]
    if need["kind"] == "rollout":
        # A rollout's own name may be a list or a glob; its first route leads to it.
        name = next((row["name"] for row in document["routes"] if (row["rollout"] or {}).get("name") == name), "")
    place = _PLACES.get(need["kind"], "")
    if "{name}" in place:
        place = place.format(name=quote(name, safe="")) if name else ""
    return Need(need["kind"], need["name"], need["text"], place)
