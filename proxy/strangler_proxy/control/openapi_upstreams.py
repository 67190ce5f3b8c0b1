"""The part of the OpenAPI document that is about upstreams and copies."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import REF, TEXT, WHOLE, WHOLE_OR_NULL, YES, a_list, an_object, verb

__all__ = ["ANSWERS", "PATHS"]

PATHS: Final[dict[str, Any]] = {
    "/api/v1/upstreams": {
        "get": verb(
            "upstreams",
            "How the upstreams are: addresses, breakers, pools, queues; and what becomes of copies",
            "Upstreams",
            "Of all workers of this replica together; counters since the control plane started.",
        )
    }
}

_NUMBER: Final = {"type": "number"}
_NUMBER_OR_NULL: Final = {"type": ["number", "null"]}
_COUNTS: Final = {"type": "object", "additionalProperties": {"type": "integer"}}
_OF: Final = an_object({"now": WHOLE, "most": WHOLE})

ANSWERS: Final[dict[str, Any]] = {
    "Upstreams": an_object(
        {
            "at": {"type": "number", "description": "Seconds since 1970."},
            "workers": {"type": "integer", "description": "How many are linked."},
            "upstreams": a_list({"$ref": REF.format(model="Upstream")}),
            "copies": an_object(
                {
                    "sample": _NUMBER,
                    "rate": {
                        "type": ["number", "null"],
                        "description": "Copies a second to one upstream, of a worker.",
                    },
                    "slowdown": _NUMBER_OR_NULL,
                    "timeout": _NUMBER,
                    "body_bytes": WHOLE,
                    "queue": _OF,
                    "bytes": _OF,
                    "sent": WHOLE,
                    "missed": {
                        **_COUNTS,
                        "description": "Requests that were to be copied and became no pair, by cause.",
                    },
                    "routes": a_list(an_object({"route": TEXT, "missed": WHOLE, "causes": _COUNTS})),
                    "comparers": a_list({"type": "object"}),
                }
            ),
        }
    ),
    "Upstream": an_object(
        {
            "name": TEXT,
            "ok": YES,
            "troubles": a_list(TEXT),
            "addresses": a_list(an_object({"address": TEXT, "well": WHOLE})),
            "breaker": _COUNTS,
            "workers": WHOLE,
            "failures": _COUNTS,
            "monolith": YES,
            "routes": {"type": "integer", "description": "How many routes have it as their candidate."},
            "urls": a_list(TEXT),
            "probed": YES,
            "connections": an_object(
                {"in_use": WHOLE, "unused": WHOLE, "connecting": WHOLE, "most": WHOLE, "made": WHOLE, "failed": _COUNTS}
            ),
            "in_flight": _OF,
            "waiting": _OF,
            "refused": _COUNTS,
            "breaker_opened": WHOLE,
            "breaker_opens": {
                "oneOf": [
                    an_object(
                        {"failures": WHOLE, "rate": _NUMBER, "calls": WHOLE, "window": _NUMBER, "seconds": _NUMBER}
                    ),
                    {"type": "null"},
                ]
            },
            "opened_lately": {**WHOLE_OR_NULL, "description": "Within the last hour, on any replica."},
            "ejections": WHOLE,
            "probes_failed": WHOLE,
            "names_failing": WHOLE,
            "copies": an_object({"now": WHOLE, "most": WHOLE, "sent": WHOLE, "halted": WHOLE}),
        }
    ),
}
