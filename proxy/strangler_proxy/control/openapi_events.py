"""The part of the OpenAPI document that is about the audit of documents and calls."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import TEXT, TIME, WHOLE, a_list, an_object, query, verb

__all__ = ["ANSWERS", "PATHS"]

PATHS: Final[dict[str, Any]] = {
    "/api/v1/events": {
        "get": verb(
            "events",
            "Who did or wanted what besides moving toggles, newest first",
            "Events",
            "Tokens, rollouts, plans, approvals; and calls (`api.call`) that changed something, or were refused.",
            parameters=[
                query("name", {"type": "string"}, "What it was done to, or a glob."),
                query("action", {"type": "string"}, "Such as `token.create`, or a glob such as `token.*`."),
                query("limit", {"type": "integer", "minimum": 0, "maximum": 1000, "default": 100}, "At most."),
            ],
            errors=["503"],
        )
    }
}

ANSWERS: Final[dict[str, Any]] = {
    "Events": an_object(
        {
            "events": a_list(
                an_object(
                    {
                        "id": WHOLE,
                        "at": TIME,
                        "who": TEXT,
                        "action": TEXT,
                        "name": TEXT,
                        "why": TEXT,
                        "detail": {"type": "object"},
                    }
                )
            )
        }
    )
}
