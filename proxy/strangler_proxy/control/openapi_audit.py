"""The part of the OpenAPI document that is about the whole audit."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import (
    TEXT,
    TEXT_OR_NULL,
    TIME,
    WHOLE,
    YES,
    a_list,
    an_object,
    query,
    verb,
)

__all__ = ["ANSWERS", "PATHS"]

_PLACE: Final = {"type": "string", "pattern": r"^[0-9]{0,18}\.[0-9]{0,18}(\.[0-9]{1,18})?$"}
_KIND: Final = {"type": "string", "enum": ["move", "event", "call"]}
_TIME: Final = {"type": "number", "minimum": 0, "maximum": 2**40}

PATHS: Final[dict[str, Any]] = {
    "/api/v1/audit": {
        "get": verb(
            "audit",
            "Who did what, when and why: moves and events together, newest first",
            "Audit",
            "Every call is counted (`kind=call`): one entry a minute for each caller, verb and status. A question that"
            " finds little is answered in parts: there may be fewer entries than asked for, and more `further` on.",
            parameters=[
                query("kind", _KIND, "Only moves of toggles, only events, or calls; by default moves and events."),
                query("name", {"type": "string"}, "What it was done to, or a glob."),
                query("who", {"type": "string"}, "Who did it: a part of the text, or a glob; in whichever case."),
                query("action", {"type": "string"}, "Such as `toggle.move`, or a glob such as `token.*`."),
                query("since", _TIME, "From then on, in seconds since 1970."),
                query("until", _TIME, "Before then, in seconds since 1970."),
                query("before", _PLACE, "Read on there."),
                query("limit", {"type": "integer", "minimum": 0, "maximum": 1000, "default": 100}, "At most."),
            ],
            errors=["503"],
        )
    }
}

_TOGGLE: Final = {"type": ["object", "null"]}

ANSWERS: Final[dict[str, Any]] = {
    "Audit": an_object(
        {
            "entries": a_list(
                an_object(
                    {
                        "kind": _KIND,
                        "id": WHOLE,
                        "at": TIME,
                        "who": TEXT,
                        "action": TEXT,
                        "name": TEXT,
                        "why": TEXT,
                        "revision": WHOLE,
                        "from": _TOGGLE,
                        "to": _TOGGLE,
                        "forced": YES,
                        "evidence": {"type": ["object", "null"]},
                        "detail": {"type": "object"},
                    },
                    optional=("revision", "from", "to", "forced", "evidence", "detail"),
                )
            ),
            "further": {**TEXT_OR_NULL, "description": "Where to read on; null where that was all."},
            "reached": {"type": ["string", "null"], "description": "The time of the last entry that was looked at."},
        }
    )
}
