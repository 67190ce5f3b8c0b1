"""The part of the OpenAPI document that is about tokens."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import REF, TEXT, TEXT_OR_NULL, TIME, YES, a_list, an_object, header, verb

__all__ = ["ANSWERS", "PATHS"]

_TOKEN: Final = {"$ref": REF.format(model="Token")}
_WHO: Final = header("X-Strangler-Who", "Who asks, as it should stand in the audit.")

PATHS: Final[dict[str, Any]] = {
    "/api/v1/tokens": {
        "get": verb("tokens", "All tokens but the first", "Tokens", "Never their secrets, which nobody keeps."),
        "post": verb(
            "create_token",
            "Make a token",
            "TokenMade",
            "Its secret is told in this answer and nowhere else, ever.",
            parameters=[_WHO],
            body="TokenCreateRequest",
            errors=["409", "503"],
        ),
    },
    "/api/v1/tokens/revoke": {
        "post": verb(
            "revoke_token",
            "Let a token be good no more",
            "TokenRevoked",
            "At once here, and within a second on every other replica.",
            parameters=[_WHO],
            body="TokenRevokeRequest",
            errors=["404", "409", "503"],
        )
    },
    "/api/v1/tokens/rotate": {
        "post": verb(
            "rotate_token",
            "Give a token another secret",
            "TokenRotated",
            "`control.token` too, whose file is written anew; it has no grace.",
            parameters=[_WHO],
            body="TokenRotateRequest",
            errors=["404", "409", "503"],
        )
    },
}

_KNOWN: Final[dict[str, Any]] = {
    "name": TEXT,
    "role": {"$ref": REF.format(model="Role")},
    "made": TIME,
    "by": TEXT,
    "expires": TEXT_OR_NULL,
    "rotated": TEXT_OR_NULL,
    "former_until": {**TEXT_OR_NULL, "description": "Until then the secret before the last rotation is good too."},
}

ANSWERS: Final[dict[str, Any]] = {
    "Token": an_object(_KNOWN),
    "Tokens": an_object(
        {
            "tokens": a_list(
                an_object(
                    {
                        **_KNOWN,
                        "in_force": {**YES, "description": "Its time is not over."},
                        "used": {**TEXT_OR_NULL, "description": "When it was last shown to this replica."},
                    }
                )
            )
        }
    ),
    "TokenMade": an_object({"token": _TOKEN, "secret": TEXT}),
    "TokenRevoked": an_object({"revoked": TEXT}),
    "TokenRotated": an_object({"rotated": TEXT, "secret": TEXT}),
}
