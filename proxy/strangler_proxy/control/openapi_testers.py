"""The part of the OpenAPI document that is about testers."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import REF, TEXT, TIME, WHOLE, a_list, an_object, header, verb

__all__ = ["ANSWERS", "PATHS"]

_WHO: Final = header("X-Strangler-Who", "Who asks, as it should stand in the audit.")

PATHS: Final[dict[str, Any]] = {
    "/api/v1/testers": {
        "get": verb("testers", "The testers whose words are good", "Testers", "Never the words.", errors=["503"]),
        "post": verb(
            "create_tester",
            "Sign a word that gives one person a side of their choice",
            "TesterMade",
            "It counts on routes in a canary, as a header or as a cookie, until it expires or is revoked.",
            parameters=[_WHO],
            body="TesterRequest",
            errors=["404", "409", "503"],
        ),
    },
    "/api/v1/testers/revoke": {
        "post": verb(
            "revoke_tester",
            "Let a tester's words be good no more",
            "TesterRevoked",
            "All of that name. Answers once every worker of this replica has taken it, or when the time is over; every"
            " other replica follows within a second.",
            parameters=[_WHO],
            body="TesterRevokeRequest",
            errors=["404", "409", "503"],
        )
    },
}

_LINE: Final = an_object({"name": TEXT, "value": TEXT})
_TESTER: Final[dict[str, Any]] = {
    "name": TEXT,
    "routes": TEXT,
    "side": {"$ref": REF.format(model="Side")},
    "expires": TIME,
}

ANSWERS: Final[dict[str, Any]] = {
    "TesterMade": an_object({"tester": an_object(_TESTER), "header": _LINE, "cookie": _LINE}),
    "Testers": an_object({"testers": a_list(an_object({**_TESTER, "made": TIME, "by": TEXT}))}),
    "TesterRevoked": an_object(
        {
            "revoked": TEXT,
            "words": {**WHOLE, "description": "How many of them were good."},
            "acknowledged": {**a_list(WHOLE), "description": "The workers that have taken it."},
            "missing": {**a_list(WHOLE), "description": "Those that had not when the time was over."},
        }
    ),
}
