"""The part of the OpenAPI document that is about everything at a glance."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import (
    REF,
    TEXT,
    TEXT_OR_NULL,
    WHOLE,
    WHOLE_OR_NULL,
    YES,
    a_list,
    an_object,
    query,
    verb,
)

__all__ = ["ANSWERS", "PATHS"]

_NUMBER: Final = {"type": "number"}
_MOMENT: Final = {"type": "number", "description": "Seconds since 1970."}
_NUMBER_OR_NULL: Final = {"type": ["number", "null"]}
_MOMENT_OR_NULL: Final = {"type": ["number", "null"], "description": "Seconds since 1970."}

PATHS: Final[dict[str, Any]] = {
    "/api/v1/overview": {
        "get": verb(
            "overview",
            "How much has moved, how each route stands and fares, what needs a person",
            "Overview",
            "While a store does not answer, what it would tell is missing, and `lacks` says so.",
            parameters=[
                query(
                    "over",
                    {"type": "integer", "minimum": 5, "maximum": 3600, "default": 60},
                    "Of how many seconds rates and times are.",
                ),
                query(
                    "seconds",
                    {"type": "number", "minimum": 0, "maximum": 10, "default": 0.1},
                    "For how long at most agreements are brought up to date first.",
                ),
            ],
        )
    },
    "/api/v1/progress": {
        "get": verb(
            "progress",
            "How much of the requests, of the routes and of the code had moved, over time",
            "Progress",
            parameters=[
                query("since", {"type": "number", "minimum": 0}, "Seconds since 1970; by default a day ago."),
                query(
                    "step",
                    {"type": "integer", "minimum": 5, "default": 900},
                    "Seconds from one point to the next, a multiple of 5; of at most 500 points.",
                ),
            ],
            errors=["503"],
        )
    },
}

_PART: Final = an_object(
    {
        "moved": _NUMBER,
        "whole": _NUMBER,
        "share": {"type": ["number", "null"], "description": "0 to 1; null of nothing."},
        "unit": TEXT,
    }
)
_SIDE: Final = an_object(
    {
        "requests": WHOLE,
        "rate": {"type": "number", "description": "Requests a second."},
        "errors": WHOLE,
        "error_rate": {"type": ["number", "null"], "description": "0 to 1."},
        "fallbacks": WHOLE,
        "p50": {"type": ["number", "null"], "description": "Seconds."},
        "p99": {"type": ["number", "null"], "description": "Seconds."},
    }
)
_AGREEMENT: Final = an_object(
    {
        "release": TEXT,
        "rules": TEXT,
        "at": {"type": "number", "description": "When it was computed, in seconds since 1970."},
        "last": {"type": "number", "description": "When the last pair was, in seconds since 1970."},
        "pairs": WHOLE,
        "agree": WHOLE,
        "differ": WHOLE,
        "inconclusive": WHOLE,
        "open": WHOLE,
        "inputs": WHOLE,
        "confidence": _NUMBER,
        "bound": {"type": "number", "description": "The share of pairs that surely agree."},
        "pair_bound": _NUMBER,
        "input_bound": _NUMBER,
        "exhausted": YES,
        "ceiling": _NUMBER,
        "wanted": {"type": "number", "description": "What the gates before the next stage want, else 0.99."},
        "verdict": {"enum": ["pass", "fail", "inconclusive"]},
        "reason": TEXT,
        "times": {
            "type": "object",
            "description": "By `p50` and `p99`, seconds of each side in comparable positions.",
            "additionalProperties": an_object({"monolith": _NUMBER_OR_NULL, "candidate": _NUMBER_OR_NULL}),
        },
    }
)

ANSWERS: Final[dict[str, Any]] = {
    "Overview": an_object(
        {
            "at": _MOMENT,
            "revision": WHOLE,
            "over": WHOLE,
            "lacks": a_list({"type": "string", "description": "What could not be read, and is missing."}),
            "behind": {"type": "integer", "description": "Routes of which there is newer evidence than is told."},
            "parts": a_list({**_PART, "properties": {"name": TEXT, **_PART["properties"]}}),
            "code_lacks": {"type": ["string", "null"], "description": "Why nothing is told of the code."},
            "routes": a_list({"$ref": REF.format(model="OverviewRoute")}),
            "unrouted": {"oneOf": [_SIDE, {"type": "null"}]},
            "replicas": {**a_list({"type": "object"}), "description": "As the status has them."},
            "needs": a_list(
                an_object(
                    {"kind": {"type": "string", "description": "What `name` is."}, "name": TEXT, "text": TEXT},
                )
            ),
            "stalling": a_list(an_object({"name": TEXT, "stage": TEXT, "share": WHOLE, "left": _MOMENT})),
        }
    ),
    "OverviewRoute": an_object(
        {
            "name": TEXT,
            "kind": {"enum": ["route", "seam"]},
            "candidate": TEXT_OR_NULL,
            "twin": YES,
            "configured": YES,
            "stage": TEXT_OR_NULL,
            "share": WHOLE_OR_NULL,
            "overrides": WHOLE,
            "since": {**_MOMENT_OR_NULL, "description": "When its stage or share last changed."},
            "left": {**_MOMENT_OR_NULL, "description": "When it was last in stage `monolith`."},
            "rollout": {"oneOf": [an_object({"name": TEXT, "state": TEXT}), {"type": "null"}]},
            "sides": {"type": "object", "additionalProperties": _SIDE},
            "agreement": {"oneOf": [_AGREEMENT, {"type": "null"}]},
        }
    ),
    "Progress": an_object(
        {
            "at": _MOMENT,
            "step": WHOLE,
            "points": a_list(
                an_object(
                    {
                        "at": _MOMENT,
                        "requests": _PART,
                        "toggles": _PART,
                        "code": {"oneOf": [_PART, {"type": "null"}]},
                    }
                )
            ),
        }
    ),
}
