"""The control API's OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from strangler import __version__
from strangler_proxy.control.requests import AdoptRequest, BackRequest, FlipRequest

__all__ = ["document"]

_REF: Final = "#/components/schemas/{model}"


@cache
def document() -> dict[str, Any]:
    """The description of every verb, OpenAPI 3.1."""
    _, requests = models_json_schema(
        [(FlipRequest, "validation"), (BackRequest, "validation"), (AdoptRequest, "validation")], ref_template=_REF
    )
    schemas = {**requests["$defs"], **_ANSWERS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Strangler control plane",
            "version": __version__,
            "description": "Reads and moves the toggles of one replica's routes and seams.",
        },
        "security": [{"token": []}],
        "paths": {
            "/api/v1/snapshot": {
                "get": _verb(
                    "snapshot",
                    "All toggles at one revision",
                    "Snapshot",
                    "With `wait` and `revision`, answers as soon as the revision is another, or when the time is over.",
                    parameters=[
                        _query("wait", {"type": "number", "minimum": 0, "maximum": 60}, "Seconds to wait for news."),
                        _query("revision", {"type": "integer", "minimum": 0}, "The revision that is known already."),
                        _header("If-None-Match", "The ETag of the snapshot that is known already."),
                    ],
                    also={"304": {"description": "Still the same."}},
                )
            },
            "/api/v1/status": {"get": _verb("status", "Revision, store, workers, toggles and traffic", "Status")},
            "/api/v1/history": {
                "get": _verb(
                    "history",
                    "The audit, newest first",
                    "History",
                    parameters=[
                        _query("name", {"type": "string"}, "A toggle's name, or a glob."),
                        _query("limit", {"type": "integer", "minimum": 0, "maximum": 1000, "default": 100}, "At most."),
                    ],
                    errors=["503"],
                )
            },
            "/api/v1/routes": {"get": _verb("routes", "Every route with its toggle", "Routes")},
            "/api/v1/explain": {
                "get": _verb(
                    "explain",
                    "Which route a request takes, why, and who would answer it",
                    "Explanation",
                    parameters=[
                        {**_query("path", {"type": "string"}, "The path, with its query."), "required": True},
                        _query("method", {"type": "string", "default": "GET"}, "The method."),
                        _query("header", {"type": "array", "items": {"type": "string"}}, "A header, as `name:value`."),
                        _query("subject", {"type": "array", "items": {"type": "string"}}, "Somebody who asks."),
                    ],
                )
            },
            "/api/v1/flip": {"post": _move("flip", "Move toggles to a stage", "FlipRequest")},
            "/api/v1/back": {"post": _move("back", "Take toggles back to the monolith", "BackRequest")},
            "/api/v1/adopt": {
                "post": _move(
                    "adopt", "Settle a store that is not the one the toggles in force came from", "AdoptRequest"
                )
            },
            "/openapi.json": {"get": _verb("openapi", "This document", "OpenAPI")},
            "/metrics": {
                "get": {
                    "operationId": "metrics",
                    "summary": "What was counted and measured, for Prometheus",
                    "description": "Open to all with `metrics_public = true` under `[control]`.",
                    "responses": {
                        "200": {"description": "The metrics.", "content": {"text/plain": {"schema": _TEXT}}},
                        **{code: _content("Error", _REASONS[code]) for code in ("401", "421")},
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
                        "421": _content("Error", _REASONS["421"]),
                    },
                }
            },
            "/health/live": {"get": _verb("live", "The process answers", "Health", public=True)},
            "/health/ready": {
                "get": _verb(
                    "ready",
                    "Whether moves are possible and known to every worker, each dependency named",
                    "Health",
                    public=True,
                    also={"503": _content("Health", "Traffic goes on, but moves are refused or not heard of.")},
                )
            },
        },
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token in `control.token` in the state folder.",
                }
            },
            "schemas": schemas,
        },
    }


def _content(schema: str, description: str) -> dict[str, Any]:
    reference = {"$ref": _REF.format(model=schema)}
    return {"description": description, "content": {"application/json": {"schema": reference}}}


_KEYS: Final = {
    "type": "object",
    "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
    "required": ["keys"],
}
_REASONS: Final = {
    "401": "No token, or not the right one.",
    "404": "No toggle of that name.",
    "409": "The stages do not allow it, or somebody moved first (`revision_conflict`). Nothing was moved.",
    "413": "The body is too large.",
    "421": "Called by a name that is not this machine's.",
    "422": "Something in the request is wrong; `where` says what.",
    "503": "The store does not answer, or is not the one in force. Nothing was moved; traffic goes on.",
}


def _verb(
    name: str,
    summary: str,
    schema: str,
    description: str = "",
    *,
    parameters: list[dict[str, Any]] | None = None,
    errors: list[str] | None = None,
    also: dict[str, Any] | None = None,
    public: bool = False,
) -> dict[str, Any]:
    codes = ["421"] if public else ["401", "421"]
    if parameters:
        codes.append("422")
    responses = {"200": _content(schema, summary + "."), **(also or {})}
    responses |= {code: _content("Error", _REASONS[code]) for code in sorted({*codes, *(errors or [])})}
    verb: dict[str, Any] = {"operationId": name, "summary": summary, "responses": responses}
    if description:
        verb["description"] = description
    if parameters:
        verb["parameters"] = parameters
    if public:
        verb["security"] = []
    return verb


def _move(name: str, summary: str, body: str) -> dict[str, Any]:
    verb = _verb(
        name,
        summary,
        "Outcome",
        "All or nothing, under one revision; answers when every worker has acknowledged, or when the time is over.",
        parameters=[_header("X-Strangler-Who", "Who moves it, as it should stand in the audit.")],
        errors=["404", "409", "413", "503"],
    )
    reference = {"$ref": _REF.format(model=body)}
    verb["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    return verb


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string"}, "description": description}


def _object(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_WHOLE: Final = {"type": "integer"}
_WHOLE_OR_NULL: Final = {"type": ["integer", "null"]}
_YES: Final = {"type": "boolean"}
_TIME: Final = {"type": "string", "format": "date-time"}
_TOGGLE: Final = {"$ref": _REF.format(model="Toggle")}

_ANSWERS: Final[dict[str, Any]] = {
    "Toggle": _object(
        {
            "name": _TEXT,
            "kind": {"enum": ["route", "seam"]},
            "stage": {"$ref": _REF.format(model="Stage")},
            "share": {"type": "integer", "minimum": 0, "maximum": 100000, "description": "In buckets of 100,000."},
            "overrides": {"type": "object", "additionalProperties": {"$ref": _REF.format(model="Side")}},
            "salt": _TEXT,
            "revision": _WHOLE,
            "configured": {
                "type": "boolean",
                "description": "In the status, and of a toggle that moved: a route or seam of that name exists.",
            },
        },
        optional=("configured",),
    ),
    "Snapshot": _object({"format": _WHOLE, "revision": _WHOLE, "at": _TIME, "toggles": _list(_TOGGLE)}),
    "Status": _object(
        {
            "revision": _WHOLE,
            "at": _TIME,
            "age_seconds": {"type": ["number", "null"]},
            "store": _object({"ok": _YES, "error": _TEXT_OR_NULL, "url": _TEXT}),
            "disk": _object({"ok": _YES, "error": _TEXT_OR_NULL}),
            "notes": _list(_TEXT),
            "reload": {
                "oneOf": [
                    _object(
                        {
                            "ok": _YES,
                            "at": _TIME,
                            "message": _TEXT,
                            "problems": _list({"type": "object"}),
                            "config": _TEXT,
                            "workers": _WHOLE,
                            "version": _TEXT,
                            "program": _YES,
                            "seconds": {"type": "number"},
                        }
                    ),
                    {"type": "null"},
                ]
            },
            "replica": _object({"name": _TEXT, "started_at": _TIME, "version": _TEXT, "config": _TEXT}),
            "workers": _list(
                _object(
                    {
                        "slot": _WHOLE,
                        "pid": _WHOLE_OR_NULL,
                        "revision": _WHOLE_OR_NULL,
                        "live": _YES,
                        "since": _TEXT_OR_NULL,
                        "requests": _WHOLE,
                        "config": _TEXT_OR_NULL,
                    }
                )
            ),
            "live": {"type": "string", "examples": ["2/2"]},
            "toggles": _list(_TOGGLE),
            "upstreams": _list(
                _object(
                    {
                        "name": _TEXT,
                        "ok": _YES,
                        "troubles": _list(_TEXT),
                        "addresses": _list(_object({"address": _TEXT, "well": _WHOLE})),
                        "breaker": {"type": "object", "additionalProperties": {"type": "integer"}},
                        "workers": _WHOLE,
                        "failures": {"type": "object", "additionalProperties": {"type": "integer"}},
                    }
                )
            ),
            "traffic": _list(
                _object(
                    {
                        "route": _TEXT,
                        "side": _TEXT,
                        "upstream": _TEXT,
                        "count": _WHOLE,
                        "fallbacks": _WHOLE,
                        "errors_5xx": _WHOLE,
                    }
                )
            ),
        }
    ),
    "History": _object(
        {
            "entries": _list(
                _object(
                    {
                        "id": _WHOLE,
                        "revision": _WHOLE,
                        "at": _TIME,
                        "who": _TEXT,
                        "why": _TEXT,
                        "name": _TEXT,
                        "from": {"oneOf": [_TOGGLE, {"type": "null"}]},
                        "to": _TOGGLE,
                        "forced": _YES,
                    }
                )
            )
        }
    ),
    "Routes": _object({"routes": _list({"type": "object"})}),
    "Explanation": {
        "type": "object",
        "properties": {"revision": _WHOLE, "stage": _TEXT, "answers": _TEXT, "fallback": _TEXT},
        "required": ["revision", "stage", "answers", "fallback"],
    },
    "OpenAPI": {"type": "object"},
    "Outcome": _object(
        {
            "revision": _WHOLE,
            "moved": _list(_object({"name": _TEXT, "from": _TOGGLE, "to": _TOGGLE})),
            "acknowledged": _list({"type": "string", "description": "A worker's slot."}),
            "missing": _list({"type": "string", "description": "A worker's slot."}),
            "seconds": {"type": "number", "description": "From the request's receipt to the last acknowledgement."},
        }
    ),
    "Health": _object(
        {"status": _TEXT, "dependencies": {"type": "object", "additionalProperties": _TEXT}},
        optional=("dependencies",),
    ),
    "Error": _object(
        {
            "error": _object(
                {"code": _TEXT, "message": _TEXT, "where": _TEXT, "remedy": _TEXT}, optional=("where", "remedy")
            )
        }
    ),
}
