"""The part of the OpenAPI document that is about evidence."""

from __future__ import annotations

from typing import Any, Final

from strangler.compare import DifferenceKind, Verdict
from strangler_proxy.control.describing import TEXT, TEXT_OR_NULL, WHOLE, YES, a_list, an_object, header, query, verb

__all__ = ["ANSWERS", "PATHS"]

_NUMBER: Final = {"type": "number"}
_COUNTS: Final = {"type": "object", "additionalProperties": {"type": "integer"}}
_JUDGED: Final = {"verdict": {"enum": ["pass", "fail", "inconclusive"]}, "reason": TEXT}
_VERDICT: Final = {"enum": [verdict.value for verdict in Verdict]}
_KIND: Final = {"enum": [kind.value for kind in DifferenceKind]}
_SECONDS: Final = {"type": "number", "minimum": 0}
_WHO: Final = [header("X-Strangler-Who", "Who asks for it, as it should stand in the log.")]

PATHS: Final[dict[str, Any]] = {
    "/api/v1/evidence": {
        "get": verb(
            "evidence",
            "What has been observed of routes",
            "Reports",
            "A report for each route with two sides: of the release and the rules with the newest pairs, unless it is"
            " said which.",
            parameters=[
                query("route", a_list(TEXT), "Names or globs of routes; without it all of them."),
                query("release", TEXT, "A release of the candidate."),
                query("rules", TEXT, "A revision of the rules."),
                query("since", {"type": "number", "minimum": 0}, "Seconds since 1970; that day and later ones."),
                query(
                    "bound",
                    {"type": "number", "minimum": 0, "maximum": 1, "default": 0.99},
                    "The share of pairs that must surely agree.",
                ),
            ],
            errors=["404", "503"],
        )
    },
    "/api/v1/evidence/days": {
        "get": verb(
            "days",
            "How surely the sides of routes agreed, by day",
            "Days",
            "A row for each day (UTC), release and revision of the rules of which there are pairs, the oldest first; of"
            " more than 2,000 the newest.",
            parameters=[
                query("route", a_list(TEXT), "Names or globs of routes; without it all of them."),
                query("since", _SECONDS, "Seconds since 1970; that day and later ones. By default 30 days ago."),
            ],
            errors=["404", "503"],
        )
    },
    "/api/v1/evidence/minutes": {
        "get": verb(
            "minutes",
            "Pairs of routes by their verdicts, minute by minute",
            "Minutes",
            "A row for each window, release and revision of the rules of which there are pairs, the oldest first; of"
            " more than 20,000 the newest. Minutes are kept for two days.",
            parameters=[
                query("route", a_list(TEXT), "Names or globs of routes; without it all of them."),
                query("since", _SECONDS, "Seconds since 1970: from that minute on; by default an hour ago."),
                query(
                    "step",
                    {"type": "integer", "minimum": 60, "maximum": 86_400, "multipleOf": 60, "default": 60},
                    "Seconds: minutes are joined into windows that long.",
                ),
            ],
            errors=["404", "503"],
        )
    },
    "/api/v1/evidence/clear": {
        "post": verb(
            "clear",
            "Forget the evidence of routes",
            "Cleared",
            parameters=_WHO,
            body="ClearRequest",
            errors=["404", "503"],
        )
    },
    "/api/v1/evidence/erase": {
        "post": verb(
            "erase", "Forget the kept pairs of a person", "Erased", parameters=_WHO, body="EraseRequest", errors=["503"]
        )
    },
    "/api/v1/evidence/rejudge": {
        "post": verb(
            "rejudge",
            "Judge kept pairs by other rules",
            "Rejudged",
            body="RejudgeRequest",
            errors=["404", "503"],
        )
    },
    "/api/v1/differences": {
        "get": verb(
            "differences",
            "The routes whose sides differ somewhere",
            "Differences",
            "In short, a row for each such route: of the release and the rules with the newest pairs.",
            parameters=[
                query("route", a_list(TEXT), "Names or globs of routes; without it all of them."),
                query(
                    "seconds",
                    {"type": "number", "minimum": 0, "maximum": 10, "default": 10},
                    "For about how long evidence is read that came since it was read last.",
                ),
            ],
            errors=["404", "503"],
        )
    },
    "/api/v1/pairs": {
        "get": verb(
            "pairs",
            "Kept pairs, newest first",
            "Pairs",
            parameters=[
                query("route", TEXT, "A route's name."),
                query("path", TEXT, "The field of a difference, such as `$.results[*].price`."),
                query("kind", _KIND, "The kind of a difference."),
                query("verdict", _VERDICT, "The verdict."),
                query("cause", TEXT, "Why it is inconclusive."),
                query("subject", TEXT, "Whose they are: the subject itself."),
                query("limit", {"type": "integer", "minimum": 0, "maximum": 200, "default": 20}, "At most."),
                query(
                    "brief",
                    {"type": "boolean", "default": False},
                    "In the place of the whole `pair`: `method`, `target` and `statuses`.",
                ),
            ],
            errors=["503"],
        )
    },
    "/api/v1/pairs/{id}": {
        "get": verb(
            "pair",
            "A kept pair",
            "Pair",
            parameters=[
                {"name": "id", "in": "path", "required": True, "schema": TEXT, "description": "As `pairs` gives it."}
            ],
            errors=["404", "503"],
        )
    },
    "/api/v1/traffic": {
        "get": verb(
            "traffic",
            "What customers got of each side of routes, by windows of time",
            "Traffic",
            "Windows are of 5 seconds for an hour, then of a minute for 90 days, then of an hour for two years. At most"
            " 20,000 are told at once.",
            parameters=[
                query(
                    "route", a_list(TEXT), "Names or globs of routes, `-` for requests that none takes; without it all."
                ),
                query(
                    "since", _SECONDS, "Seconds since 1970: windows that began then or later; by default an hour ago."
                ),
                query("until", _SECONDS, "Seconds since 1970: windows that began before."),
                query(
                    "step",
                    {"type": "integer", "minimum": 5, "maximum": 86_400, "multipleOf": 5, "default": 5},
                    "Seconds: shorter windows are joined into ones that long.",
                ),
            ],
            errors=["404", "503"],
        )
    },
}

_DIFFERENCE: Final = an_object(
    {"path": TEXT, "field": TEXT, "kind": _KIND, "severity": TEXT, "old": TEXT_OR_NULL, "new": TEXT_OR_NULL}
)

_AGREEMENT: Final = {
    "pairs": WHOLE,
    "agree": WHOLE,
    "differ": WHOLE,
    "inconclusive": WHOLE,
    "open": WHOLE,
    "inputs": WHOLE,
    "confidence": _NUMBER,
    "bound": _NUMBER,
    "pair_bound": _NUMBER,
    "input_bound": _NUMBER,
    "exhausted": {"type": "boolean"},
    "ceiling": _NUMBER,
    "wanted": _NUMBER,
    **_JUDGED,
}

_ONE_DAY: Final = {
    "route": TEXT,
    "release": TEXT,
    "rules": TEXT,
    "start": {"type": "number", "description": "When the day began, in seconds since 1970."},
    **{key: value for key, value in _AGREEMENT.items() if key not in ("wanted", *_JUDGED)},
}

_ONE_WINDOW: Final = {
    "route": TEXT,
    "release": TEXT,
    "rules": TEXT,
    "start": {"type": "integer", "description": "When the window began, in seconds since 1970."},
    "seconds": WHOLE,
    "agree": WHOLE,
    "differ": WHOLE,
    "inconclusive": WHOLE,
    "open": WHOLE,
}

ANSWERS: Final[dict[str, Any]] = {
    "Days": an_object({"days": a_list(an_object(_ONE_DAY))}),
    "Minutes": an_object({"windows": a_list(an_object(_ONE_WINDOW))}),
    "Reports": an_object(
        {
            "reports": a_list(
                an_object(
                    {
                        "route": TEXT,
                        "release": TEXT,
                        "rules": TEXT,
                        "at": _NUMBER,
                        "first": _NUMBER,
                        "last": _NUMBER,
                        "agreement": an_object(_AGREEMENT),
                        "groups": a_list(an_object({"group": TEXT, **_AGREEMENT})),
                        "causes": _COUNTS,
                        "missed": _COUNTS,
                        "differences": a_list({"type": "object"}),
                        "noise": a_list({"type": "object"}),
                        "change": {"type": "object", "properties": _JUDGED},
                        "latency": {"type": "object", "properties": _JUDGED},
                        "coverage": {"type": "object"},
                        "unmatched_rules": {"type": ["array", "null"]},
                        "scopes": a_list({"type": "object"}),
                    }
                )
            )
        }
    ),
    "Differences": an_object(
        {
            "routes": a_list(
                an_object(
                    {
                        "route": TEXT,
                        "release": TEXT,
                        "rules": TEXT,
                        **{verdict.value: WHOLE for verdict in Verdict},
                        "breaking": {**WHOLE, "description": "In how many places (field and kind) they break."},
                        "warning": WHOLE,
                        "first": _NUMBER,
                        "last": _NUMBER,
                        "field": {**TEXT, "description": "Where most pairs differ, the breaking ones first."},
                        "kind": _KIND,
                        "count": WHOLE,
                    }
                )
            ),
            "behind": {
                **a_list(TEXT),
                "description": "Routes that there is newer evidence of than is told here, or that were not read yet.",
            },
        }
    ),
    "Pair": an_object(
        {
            "id": TEXT,
            "at": _NUMBER,
            "route": TEXT,
            "release": TEXT,
            "rules": TEXT,
            "template": TEXT,
            "stage": TEXT,
            "answering": {"enum": ["monolith", "candidate"]},
            "verdict": _VERDICT,
            "cause": TEXT,
            "differences": a_list(_DIFFERENCE),
            "group": TEXT,
            "subject": {"type": "string", "description": "A keyed hash."},
            "seconds": a_list(_NUMBER),
            "pair": {"type": "object", "description": "Request and both answers, redacted."},
            "method": TEXT,
            "target": TEXT,
            "statuses": {**a_list(WHOLE), "description": "The monolith's and the candidate's."},
        },
        optional=("pair", "method", "target", "statuses"),
    ),
    "Pairs": an_object({"pairs": a_list({"$ref": "#/components/schemas/Pair"})}),
    "Traffic": an_object(
        {
            "at": _NUMBER,
            "since": _NUMBER,
            "bounds": {**a_list(_NUMBER), "description": "Upper bounds of the buckets, in seconds; one more is last."},
            "windows": a_list(
                an_object(
                    {
                        "route": TEXT,
                        "side": {
                            "enum": ["monolith", "candidate"],
                            "description": "Who was to answer: a request that fell back is the candidate's.",
                        },
                        "stage": TEXT,
                        "release": TEXT,
                        "start": _NUMBER,
                        "seconds": WHOLE,
                        "requests": WHOLE,
                        "errors": {**WHOLE, "description": "5xx, broken off, or fallen back."},
                        "fallbacks": WHOLE,
                        "took": {"type": "number", "description": "Seconds, of all requests together."},
                        "buckets": a_list(WHOLE),
                    }
                )
            ),
            "opened": a_list(an_object({"upstream": TEXT, "start": _NUMBER, "seconds": WHOLE, "count": WHOLE})),
        }
    ),
    "Cleared": an_object({"cleared": a_list(TEXT)}),
    "Erased": an_object({"erased": WHOLE}),
    "Rejudged": an_object(
        {
            "rules": {"type": "string", "description": "The revision of the rules that they were judged by."},
            "kept": YES,
            "pairs": WHOLE,
            "before": _COUNTS,
            "after": _COUNTS,
            "fields": a_list(an_object({"route": TEXT, "field": TEXT, "kind": _KIND, "before": WHOLE, "after": WHOLE})),
        }
    ),
}
