"""The part of the OpenAPI document that is about gates and approvals."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import TEXT, TEXT_OR_NULL, WHOLE, a_list, an_object, header, verb

__all__ = ["ANSWERS", "PATHS"]

_VERDICT: Final = {"enum": ["pass", "fail", "inconclusive"]}

PATHS: Final[dict[str, Any]] = {
    "/api/v1/gates": {
        "post": verb(
            "gates",
            "Judge routes and seams by gates",
            "GatesJudged",
            "Looks at what was seen and moves nothing. `fail` holds however often it is asked, `pass` for one look.",
            body="GatesRequest",
            errors=["404", "503"],
        )
    },
    "/api/v1/approvals": {
        "post": verb(
            "approve",
            "Say a person's yes to routes and seams",
            "Approved",
            "Counts for gates that wait for that word, that person or that role, in the stage that each is in now.",
            parameters=[header("X-Strangler-Who", "Who asks, as it should stand in the audit.")],
            body="ApproveRequest",
            errors=["404", "409", "503"],
        )
    },
}

ANSWERS: Final[dict[str, Any]] = {
    "GatesJudged": an_object(
        {
            "routes": a_list(
                an_object(
                    {
                        "name": TEXT,
                        "stage": TEXT,
                        "share": WHOLE,
                        "before": {
                            **TEXT_OR_NULL,
                            "description": "The stage that they stand before; null for gates that were sent along.",
                        },
                        "since": {"type": "number", "description": "Seconds since 1970."},
                        "verdict": _VERDICT,
                        "reason": TEXT,
                        "gates": a_list(
                            an_object(
                                {
                                    "gate": TEXT,
                                    "verdict": _VERDICT,
                                    "reason": {**TEXT, "description": "What it saw and what it wants."},
                                    "figures": {"type": "object"},
                                }
                            )
                        ),
                    }
                )
            )
        }
    ),
    "Approved": an_object({"approved": a_list(TEXT), "word": TEXT, "who": TEXT}),
}
