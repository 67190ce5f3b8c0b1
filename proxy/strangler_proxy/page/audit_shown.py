"""What the page of the audit asks for and shows. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from strangler_proxy.words import stage_of

__all__ = ["AuditAsked", "EntryShown", "NotAsked", "entries_shown"]

_KINDS: Final = frozenset({"move", "event", "call"})
_LONGEST: Final = 200
_LONGEST_KNOWN: Final = 4000
_LAST_DAY: Final = datetime(9999, 12, 30, tzinfo=UTC)


class NotAsked(ValueError):
    """What a visitor asked for makes no sense; it becomes a line at the form."""


@dataclass(frozen=True, slots=True)
class AuditAsked:
    """What the form asks for, as it was written; empty for anything. `since` and `until` are days of UTC, both with
    all of their hours; `before` is where to read on."""

    kind: str = ""
    name: str = ""
    who: str = ""
    action: str = ""
    since: str = ""
    until: str = ""
    before: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> AuditAsked:
        """What a query says."""
        names = ("kind", "name", "who", "action", "since", "until", "before")
        return cls(**{name: query.get(name, "").strip()[:_LONGEST] for name in names})

    @property
    def chosen(self) -> bool:
        """Whether not everything is wanted."""
        return bool(self._filters())

    def query(self, **more: str) -> str:
        """The filters as a query, for links to the same with something more."""
        return urlencode({**self._filters(), **more})

    def wanted(self) -> dict[str, Any]:
        """What the API is asked for. Raises NotAsked."""
        if self.kind and self.kind not in _KINDS:
            raise NotAsked("Moves, events or calls: there is nothing else in the audit.")
        until = _day(self.until)
        return {
            "kind": self.kind or None,
            "name": self.name or None,
            "who": self.who or None,
            "action": self.action or None,
            "since": None if self.since == "" else _seconds(_day(self.since)),
            "until": None if until is None else _seconds(until + timedelta(days=1)),
        }

    def _filters(self) -> dict[str, str]:
        names = ("kind", "name", "who", "action", "since", "until")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class EntryShown:
    """An entry. `change` is from which stage to which, None for what is no move; `times` is how many calls were
    counted, 1 for what is not counted; `known` what was known then, by its names; `place` is where on these pages the
    thing itself is, empty for nowhere."""

    key: str
    at: str
    who: str
    action: str
    name: str
    place: str
    change: tuple[str, str] | None
    stages: tuple[str, str]
    forced: bool
    why: str
    status: int | None
    times: int
    known: tuple[tuple[str, str], ...]


def entries_shown(entries: Iterable[Mapping[str, Any]], *, plan: str) -> tuple[EntryShown, ...]:
    """Entries as the API tells them; `plan` is the name of the plan that has a page."""
    return tuple(_entry(each, plan) for each in entries)


def _entry(entry: Mapping[str, Any], plan: str) -> EntryShown:
    move = entry["kind"] == "move"
    known = (entry.get("evidence") if move else entry.get("detail")) or {}
    before, after = entry.get("from"), entry.get("to")
    status = known.get("status") if not move else None
    times = known.get("count") if entry["kind"] == "call" else None
    return EntryShown(
        key=f"{entry['kind']}-{entry['id']}",
        at=entry["at"],
        who=entry["who"],
        action=entry["action"],
        name=entry["name"],
        place=_place(entry, plan),
        change=("new" if before is None else stage_of(before), stage_of(after)) if move and after else None,
        stages=("" if before is None else str(before["stage"]), "" if after is None else str(after["stage"])),
        forced=bool(entry.get("forced")),
        why=entry["why"],
        status=status if isinstance(status, int) else None,
        times=times if isinstance(times, int) else 1,
        known=tuple((str(name), _told(value)) for name, value in known.items()),
    )


def _place(entry: Mapping[str, Any], plan: str) -> str:
    name = str(entry["name"])
    if entry["kind"] == "move":
        return f"/room/routes/{quote(name, safe='')}"
    if str(entry["action"]).startswith("plan.") and name.startswith(f"{plan}/"):
        return f"/room/plan#step-{quote(name.removeprefix(f'{plan}/'), safe='')}"
    return ""


def _told(value: Any) -> str:
    """A text as it is, anything else as JSON; a very long one is cut, for the whole is in the export."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= _LONGEST_KNOWN else text[: _LONGEST_KNOWN - 1] + "…"


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise NotAsked(f"{text} is no day. Write one such as 2026-11-30.") from None
    # The last of all days has no end that can be told.
    return min(day, _LAST_DAY)


def _seconds(day: datetime | None) -> float | None:
    return None if day is None else max(0.0, day.timestamp())
