"""What the pages of differences show: routes in an order, filters, and what a rule could be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from strangler.compare import Cause, DifferenceKind, Verdict

__all__ = ["DAYS", "ORDERS", "Filters", "earlier", "ordered", "pair_lines", "share_of"]

ORDERS: Final = {"breaking": "Breaking first", "newest": "Newest first", "route": "By name"}
"""In which orders routes can be shown; the first is the usual one."""

DAYS: Final = {"": "all that is kept", "1": "today", "7": "7 days", "30": "30 days"}
"""Of how many days counts can be shown."""

_LONGEST: Final = 2_000


def ordered(rows: Sequence[Mapping[str, Any]], order: str) -> list[Mapping[str, Any]]:
    """Routes that differ, as the API tells them, in one of `ORDERS`."""
    if order == "newest":
        return sorted(rows, key=lambda row: (-row["last"], row["route"]))
    if order == "route":
        return sorted(rows, key=lambda row: str(row["route"]))
    return sorted(rows, key=lambda row: (not row["breaking"], -share_of(row), row["route"]))


def earlier(
    rows: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]], behind: Sequence[str] = ()
) -> list[Mapping[str, Any]]:
    """Of kept pairs that differ, newest first, the newest of each route that is not among the `rows` that differ now:
    what an earlier release, or earlier rules, showed. Whether a route that is `behind` differs now is not known yet."""
    listed = {row["route"] for row in rows} | set(behind)
    found: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        if line["route"] not in listed:
            found.setdefault(line["route"], line)
    return list(found.values())


def share_of(row: Mapping[str, Any]) -> float:
    """The share of a route's pairs that differ."""
    pairs = sum(row[verdict.value] for verdict in Verdict)
    return row["differ"] / pairs if pairs else 0.0


@dataclass(frozen=True, slots=True)
class Filters:
    """Which kept pairs of a route are looked at, and of which release and how many days its counts are. What makes no
    sense in an address is left out."""

    verdict: str = ""
    cause: str = ""
    kind: str = ""
    path: str = ""
    release: str | None = None
    days: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        """What an address asks for."""

        def word(name: str, words: Sequence[str]) -> str:
            return query.get(name, "") if query.get(name, "") in words else ""

        return cls(
            verdict=word("verdict", [each.value for each in Verdict]),
            cause=word("cause", [each.value for each in Cause]),
            kind=word("kind", [each.value for each in DifferenceKind]),
            path=query.get("path", "").strip()[:_LONGEST],
            release=query["release"][:64] if "release" in query else None,
            days=word("days", list(DAYS)),
        )

    @property
    def wanted(self) -> dict[str, str]:
        """The filters of kept pairs, as the API takes them."""
        named = {"verdict": self.verdict, "cause": self.cause, "kind": self.kind, "path": self.path}
        return {name: value for name, value in named.items() if value}

    def address(self, route: str, **changed: str | None) -> str:
        """The page of `route` with these filters, some of them changed."""
        changes: dict[str, Any] = dict(changed)
        asked = replace(self, **changes)
        query = asked.wanted | ({"days": asked.days} if asked.days else {})
        if asked.release is not None:
            query["release"] = asked.release
        place = f"/room/differences/{quote(route, safe='')}"
        return f"{place}?{urlencode(query)}" if query else place


def pair_lines(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Kept pairs as lines of a list: with the worst of their differences, and how many more there are."""
    told = []
    for line in lines:
        worst = sorted(line["differences"], key=lambda each: each["severity"] != "breaking")
        told.append({**line, "worst": worst[0] if worst else None, "more": max(len(worst) - 1, 0)})
    return told
