"""The part of the OpenAPI document that is about the control room's sessions."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import TEXT, TIME, a_list, an_object, header, verb

__all__ = ["ANSWERS", "PATHS"]

_WHO: Final = header("X-Strangler-Who", "Who asks, as it should stand in the audit.")

PATHS: Final[dict[str, Any]] = {
    "/api/v1/sessions": {
        "get": verb("sessions", "Who has signed in to the control room", "Sessions", "The newest first."),
    },
    "/api/v1/sessions/end": {
        "post": verb(
            "end_sessions",
            "Let sessions of the control room be over",
            "SessionsEnded",
            "At once here, and within a second on every other replica. Whoever has the token can sign in again.",
            parameters=[_WHO],
            body="SessionsEndRequest",
            errors=["404"],
        )
    },
}

ANSWERS: Final[dict[str, Any]] = {
    "Sessions": an_object(
        {
            "sessions": a_list(
                an_object(
                    {
                        "id": {**TEXT, "description": "What it is told by here. Nobody can sign in with it."},
                        "who": TEXT,
                        "token": TEXT,
                        "made": TIME,
                        "until": TIME,
                    }
                )
            )
        }
    ),
    "SessionsEnded": an_object({"ended": a_list(TEXT)}),
}
