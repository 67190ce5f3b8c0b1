"""The control API's OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from strangler import __version__
from strangler_proxy.control import (
    openapi_audit,
    openapi_captures,
    openapi_events,
    openapi_evidence,
    openapi_gates,
    openapi_overview,
    openapi_plan,
    openapi_recording,
    openapi_rollout,
    openapi_rules,
    openapi_sessions,
    openapi_testers,
    openapi_tokens,
    openapi_upstreams,
)
from strangler_proxy.control.describing import (
    REASONS,
    REF,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    WHOLE,
    WHOLE_OR_NULL,
    YES,
    a_list,
    an_object,
    content,
    header,
    move,
    query,
    verb,
)
from strangler_proxy.control.openapi_bodies import TAKEN

__all__ = ["document", "query_names"]

_PARTS: Final = (
    openapi_audit,
    openapi_captures,
    openapi_events,
    openapi_evidence,
    openapi_gates,
    openapi_overview,
    openapi_plan,
    openapi_recording,
    openapi_rollout,
    openapi_rules,
    openapi_sessions,
    openapi_testers,
    openapi_tokens,
    openapi_upstreams,
)


@cache
def document() -> dict[str, Any]:
    """The description of every verb, OpenAPI 3.1."""
    _, requests = models_json_schema([(each, "validation") for each in TAKEN], ref_template=REF)
    schemas = {**requests["$defs"], **_ANSWERS}
    for part in _PARTS:
        schemas |= part.ANSWERS
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Strangler control plane",
            "version": __version__,
            "description": "Reads and moves the toggles of one replica's routes and seams, and tells what was seen.",
        },
        "security": [{"token": []}],
        "paths": {
            "/api/v1/snapshot": {
                "get": verb(
                    "snapshot",
                    "All toggles at one revision",
                    "Snapshot",
                    "With `wait` and `revision`, answers as soon as the revision is another, or when the time is over.",
                    parameters=[
                        query("wait", {"type": "number", "minimum": 0, "maximum": 60}, "Seconds to wait for news."),
                        query("revision", {"type": "integer", "minimum": 0}, "The revision that is known already."),
                        header("If-None-Match", "The ETag of the snapshot that is known already."),
                    ],
                    also={"304": {"description": "Still the same."}},
                )
            },
            "/api/v1/status": {"get": verb("status", "Revision, store, workers, toggles and traffic", "Status")},
            "/api/v1/history": {
                "get": verb(
                    "history",
                    "The audit, newest first",
                    "History",
                    parameters=[
                        query("name", {"type": "string"}, "A toggle's name, or a glob."),
                        query("limit", {"type": "integer", "minimum": 0, "maximum": 1000, "default": 100}, "At most."),
                    ],
                    errors=["503"],
                )
            },
            "/api/v1/routes": {"get": verb("routes", "Every route with its toggle", "Routes")},
            "/api/v1/explain": {
                "get": verb(
                    "explain",
                    "Which route a request takes, why, and who would answer it",
                    "Explanation",
                    parameters=[
                        {**query("path", {"type": "string"}, "The path, with its query."), "required": True},
                        query("method", {"type": "string", "default": "GET"}, "The method."),
                        query("header", {"type": "array", "items": {"type": "string"}}, "A header, as `name:value`."),
                        query("subject", {"type": "array", "items": {"type": "string"}}, "Somebody who asks."),
                    ],
                )
            },
            "/api/v1/flip": {"post": move("flip", "Move toggles to a stage", "FlipRequest")},
            "/api/v1/back": {"post": move("back", "Take toggles back to the monolith", "BackRequest")},
            "/api/v1/adopt": {
                "post": move(
                    "adopt", "Settle a store that is not the one the toggles in force came from", "AdoptRequest"
                )
            },
            **{path: verbs for part in _PARTS for path, verbs in part.PATHS.items()},
            "/openapi.json": {"get": verb("openapi", "This document", "OpenAPI")},
            "/metrics": {
                "get": {
                    "operationId": "metrics",
                    "summary": "What was counted and measured, for Prometheus",
                    "description": "Open to all with `metrics_public = true` under `[control]`.",
                    "responses": {
                        "200": {"description": "The metrics.", "content": {"text/plain": {"schema": TEXT}}},
                        **{code: content("Error", REASONS[code]) for code in ("401", "403", "421", "429")},
                    },
                }
            },
            "/.well-known/strangler/jwks.json": {
                "get": {
                    "operationId": "keys",
                    "summary": "The public keys that services verify identities with",
                    "security": [],
                    "responses": {
                        "200": {
                            "description": "A JWK Set; empty where no route has `identity`.",
                            "content": {"application/json": {"schema": _KEYS}},
                        },
                        "421": content("Error", REASONS["421"]),
                    },
                }
            },
            "/health/live": {"get": verb("live", "The process answers", "Health", public=True)},
            "/health/ready": {
                "get": verb(
                    "ready",
                    "Whether moves are possible and known to every worker, each dependency named",
                    "Health",
                    public=True,
                    also={"503": content("Health", "Traffic goes on, but moves are refused or not heard of.")},
                )
            },
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token; the first is in `control.token` in the state folder.",
                }
            },
            "schemas": schemas,
        },
    }


def query_names(path: str, method: str) -> dict[str, bool]:
    """The query parameters that a verb takes, and of each whether it may come more than once."""
    described = document()["paths"].get(path, {}).get(method.lower(), {})
    asked = [each for each in described.get("parameters", ()) if each["in"] == "query"]
    return {each["name"]: each["schema"].get("type") == "array" for each in asked}


_KEYS: Final = {
    "type": "object",
    "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
    "required": ["keys"],
}
_TOGGLE: Final = {"$ref": REF.format(model="Toggle")}

_ANSWERS: Final[dict[str, Any]] = {
    "Toggle": an_object(
        {
            "name": TEXT,
            "kind": {"enum": ["route", "seam"]},
            "stage": {"$ref": REF.format(model="Stage")},
            "share": {"type": "integer", "minimum": 0, "maximum": 100000, "description": "In buckets of 100,000."},
            "overrides": {"type": "object", "additionalProperties": {"$ref": REF.format(model="Side")}},
            "salt": TEXT,
            "revision": WHOLE,
            "configured": {
                "type": "boolean",
                "description": "In the status, and of a toggle that moved: a route or seam of that name exists.",
            },
        },
        optional=("configured",),
    ),
    "Snapshot": an_object({"format": WHOLE, "revision": WHOLE, "at": TIME, "toggles": a_list(_TOGGLE)}),
    "Status": an_object(
        {
            "revision": WHOLE,
            "at": TIME,
            "age_seconds": {"type": ["number", "null"]},
            "store": an_object({"ok": YES, "error": TEXT_OR_NULL, "url": TEXT}),
            "disk": an_object({"ok": YES, "error": TEXT_OR_NULL}),
            "evidence": an_object({"ok": YES, "error": TEXT_OR_NULL, "url": TEXT}),
            "notes": a_list(TEXT),
            "recording": {"oneOf": [{"$ref": REF.format(model="Recorded")}, {"type": "null"}]},
            "reload": {
                "oneOf": [
                    an_object(
                        {
                            "ok": YES,
                            "at": TIME,
                            "message": TEXT,
                            "problems": a_list({"type": "object"}),
                            "config": TEXT,
                            "workers": WHOLE,
                            "version": TEXT,
                            "program": YES,
                            "seconds": {"type": "number"},
                        }
                    ),
                    {"type": "null"},
                ]
            },
            "replica": an_object({"name": TEXT, "started_at": TIME, "version": TEXT, "config": TEXT}),
            "replicas": a_list(
                an_object(
                    {
                        "name": TEXT,
                        "this": YES,
                        "state": {"enum": ["live", "stale", "lost"]},
                        "revision": WHOLE,
                        "live": TEXT,
                        "heard_seconds": {"type": ["number", "null"]},
                        "started_at": TIME,
                        "version": TEXT,
                        "config": TEXT,
                        "workers": a_list(
                            an_object({"slot": WHOLE, "pid": WHOLE_OR_NULL, "revision": WHOLE_OR_NULL, "live": YES})
                        ),
                    }
                )
            ),
            "workers": a_list(
                an_object(
                    {
                        "slot": WHOLE,
                        "pid": WHOLE_OR_NULL,
                        "revision": WHOLE_OR_NULL,
                        "live": YES,
                        "since": TEXT_OR_NULL,
                        "requests": WHOLE,
                        "config": TEXT_OR_NULL,
                    }
                )
            ),
            "comparers": a_list(
                an_object(
                    {
                        "number": WHOLE,
                        "pid": WHOLE_OR_NULL,
                        "live": YES,
                        "since": TEXT_OR_NULL,
                        "config": TEXT_OR_NULL,
                        "backlog": WHOLE,
                        "links": WHOLE,
                    }
                )
            ),
            "live": {"type": "string", "examples": ["2/2"]},
            "toggles": a_list(_TOGGLE),
            "upstreams": a_list(
                an_object(
                    {
                        "name": TEXT,
                        "ok": YES,
                        "troubles": a_list(TEXT),
                        "addresses": a_list(an_object({"address": TEXT, "well": WHOLE})),
                        "breaker": {"type": "object", "additionalProperties": {"type": "integer"}},
                        "workers": WHOLE,
                        "failures": {"type": "object", "additionalProperties": {"type": "integer"}},
                    }
                )
            ),
            "rollouts": a_list({"$ref": REF.format(model="RolloutBrief")}),
            "traffic": a_list(
                an_object(
                    {
                        "route": TEXT,
                        "side": TEXT,
                        "upstream": TEXT,
                        "count": WHOLE,
                        "fallbacks": WHOLE,
                        "errors_5xx": WHOLE,
                    }
                )
            ),
        }
    ),
    "History": an_object(
        {
            "entries": a_list(
                an_object(
                    {
                        "id": WHOLE,
                        "revision": WHOLE,
                        "at": TIME,
                        "who": TEXT,
                        "why": TEXT,
                        "name": TEXT,
                        "from": {"oneOf": [_TOGGLE, {"type": "null"}]},
                        "to": _TOGGLE,
                        "forced": YES,
                        "evidence": {
                            "type": ["object", "null"],
                            "description": "What was known of it at that moment, where whoever moved said so.",
                        },
                    }
                )
            )
        }
    ),
    "Routes": an_object({"routes": a_list({"type": "object"})}),
    "Explanation": {
        "type": "object",
        "properties": {"revision": WHOLE, "stage": TEXT, "answers": TEXT, "fallback": TEXT},
        "required": ["revision", "stage", "answers", "fallback"],
    },
    "OpenAPI": {"type": "object"},
    "Outcome": an_object(
        {
            "revision": WHOLE,
            "moved": a_list(an_object({"name": TEXT, "from": _TOGGLE, "to": _TOGGLE})),
            "acknowledged": a_list({"type": "string", "description": "A worker: its slot, or `REPLICA/SLOT`."}),
            "missing": a_list({"type": "string", "description": "A worker: its slot, or `REPLICA/SLOT`."}),
            "lost": a_list({"type": "string", "description": "A replica that is not heard of, nor waited for."}),
            "seconds": {"type": "number", "description": "From the request's receipt to the last acknowledgement."},
            "refused": a_list(an_object({"name": TEXT, "message": TEXT, "remedy": TEXT})),
            "dry_run": {"type": "boolean", "description": "Nothing moved: `moved` is what would."},
        }
    ),
    "Health": an_object(
        {"status": TEXT, "dependencies": {"type": "object", "additionalProperties": TEXT}},
        optional=("dependencies",),
    ),
    "Error": an_object(
        {
            "error": an_object(
                {"code": TEXT, "message": TEXT, "where": TEXT, "remedy": TEXT}, optional=("where", "remedy")
            )
        }
    ),
}
