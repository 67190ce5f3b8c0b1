"""The part of the OpenAPI document that is about testers."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import REF, TEXT, TIME, an_object, header, verb

__all__ = ["ANSWERS", "PATHS"]

PATHS: Final[dict[str, Any]] = {
    "/api/v1/testers": {
        "post": verb(
            "create_tester",
            "Sign a word that gives one person a side of their choice",
            "TesterMade",
            "It counts on routes in a canary, as a header or as a cookie, until it expires; it cannot be called back.",
            parameters=[header("X-Strangler-Who", "Who asks, as it should stand in the audit.")],
            body="TesterRequest",
            errors=["404", "503"],
        )
    }
}

_LINE: Final = an_object({"name": TEXT, "value": TEXT})

ANSWERS: Final[dict[str, Any]] = {
    "TesterMade": an_object(
        {
            "tester": an_object(
                {"name": TEXT, "routes": TEXT, "side": {"$ref": REF.format(model="Side")}, "expires": TIME}
            ),
            "header": _LINE,
            "cookie": _LINE,
        }
    )
}
