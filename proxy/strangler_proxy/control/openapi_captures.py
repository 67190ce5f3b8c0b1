"""The part of the OpenAPI document that is about what routes take of the monolith."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import TEXT, TEXT_OR_NULL, WHOLE, YES, a_list, an_object, query, verb

__all__ = ["ANSWERS", "PATHS"]

PATHS: Final[dict[str, Any]] = {
    "/api/v1/captures": {
        "get": verb(
            "captures",
            "Which views of the monolith a route takes",
            "Captures",
            "By the inventory that the configuration names.",
            parameters=[{**query("route", TEXT, "A route's name."), "required": True}],
            errors=["404"],
        )
    }
}

ANSWERS: Final[dict[str, Any]] = {
    "Captures": an_object(
        {
            "route": TEXT,
            "inventory": {**YES, "description": "The configuration names one."},
            "captures": a_list(
                an_object(
                    {
                        "view": TEXT,
                        "name": TEXT,
                        "key": TEXT,
                        "app": TEXT,
                        "kind": TEXT,
                        "file": TEXT,
                        "line": WHOLE,
                        "methods": a_list(TEXT),
                        "example": TEXT,
                        "whole": {**YES, "description": "All URLs of the view are taken, by this or other routes."},
                        "left": {**TEXT_OR_NULL, "description": "A path of the view that no route takes."},
                        "redirected": TEXT_OR_NULL,
                        "certain": YES,
                    }
                )
            ),
            "missed": {
                "type": "string",
                "description": "What it takes that it is not meant to, or does not take that it is; empty for neither.",
            },
        }
    )
}
