"""The counts as one JSON document, which other machines can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from strangler.callers.callers import VERSION, Callers
from strangler.callers.counted import Caller, Counted, Passage, Reached
from strangler.errors import ConfigError, Problem

__all__ = ["read_callers", "text_of"]

_FORMAT: Final = "strangler.callers"


def text_of(callers: Callers) -> str:
    """The document's text."""
    views: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in callers.views:
        view = views.setdefault(
            (row.route, row.method, row.name), {"route": row.route, "name": row.name, "method": row.method}
        )
        view[row.passage.value] = _numbers(row.counted)
    document = {
        "format": _FORMAT,
        "version": VERSION,
        "at": _iso(callers.at),
        "since": None if callers.since is None else _iso(callers.since),
        "silence": callers.silence,
        "silences": [[_iso(begin), _iso(end)] for begin, end in callers.silences],
        "machines": list(callers.machines),
        "views": [views[key] for key in sorted(views)],
        "callers": [
            {
                "client": caller.client,
                "agent": caller.agent,
                "method": caller.method,
                "route": caller.route,
                **_numbers(caller.counted),
                "addresses": list(caller.addresses),
                "paths": list(caller.paths),
            }
            for caller in callers.callers
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read_callers(path: Path) -> Callers:
    """The counts in a file. Raises ConfigError, with what to do."""
    right = "take them anew in the monolith: python manage.py strangler_callers --json > callers.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise ConfigError([Problem(str(path), None, "", f"cannot be read: {why}", right)]) from error
    try:
        if document["format"] != _FORMAT or document["version"] != VERSION:
            raise ValueError
        return _callers(document)
    except (KeyError, TypeError, ValueError) as error:
        wrong = f"holds no counts of callers, version {VERSION}"
        raise ConfigError([Problem(str(path), None, "", wrong, right)]) from error


def _callers(document: Mapping[str, Any]) -> Callers:
    since = document["since"]
    return Callers(
        at=_seconds(document["at"]),
        since=None if since is None else _seconds(since),
        silences=tuple((_seconds(begin), _seconds(end)) for begin, end in document["silences"]),
        machines=tuple(map(str, document["machines"])),
        views=tuple(
            Reached(passage, str(view["method"]), str(view["route"]), str(view["name"]), _counted(view[passage.value]))
            for view in document["views"]
            for passage in Passage
            if passage.value in view
        ),
        callers=tuple(
            Caller(
                str(each["client"]),
                str(each["agent"]),
                str(each["method"]),
                str(each["route"]),
                counted=_counted(each),
                addresses=tuple(map(str, each["addresses"])),
                paths=tuple(map(str, each["paths"])),
            )
            for each in document["callers"]
        ),
    )


def _numbers(counted: Counted) -> dict[str, Any]:
    return {"requests": counted.requests, "first": _iso(counted.first), "last": _iso(counted.last)}


def _counted(found: Mapping[str, Any]) -> Counted:
    return Counted(int(found["requests"]), _seconds(found["first"]), _seconds(found["last"]))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
