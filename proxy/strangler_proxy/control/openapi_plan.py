"""The part of the OpenAPI document that is about plans."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import TEXT, WHOLE, YES, a_list, an_object, header, verb

__all__ = ["ANSWERS", "PATHS"]

_NUMBER: Final = {"type": "number"}
_PLAN: Final = {
    "name": "plan",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 100},
    "description": "The plan's name: that of its file, without its ending.",
}
_WHO: Final = header("X-Strangler-Who", "Who does it, as it should stand in the audit.")

PATHS: Final[dict[str, Any]] = {
    "/api/v1/plan/{plan}": {
        "get": verb(
            "plan",
            "All that the standing of a plan's steps is computed from",
            "Plan",
            "Who has its lease, what is kept of its steps, the toggles with the time of their last move, and the last"
            " thousand moves.",
            parameters=[_PLAN],
            errors=["422", "503"],
        )
    },
    "/api/v1/plan/{plan}/lease": {
        "post": verb(
            "plan_lease",
            "Take or go on with the lease of a plan, or let go of it",
            "PlanLease",
            "One at a time. Answers who has it: somebody else where it was not free.",
            parameters=[_PLAN, _WHO],
            body="LeaseRequest",
            errors=["503"],
        )
    },
    "/api/v1/plan/{plan}/mark": {
        "post": verb(
            "plan_mark",
            "Keep what the world itself cannot tell of a step",
            "PlanMarked",
            "With an entry in the audit, in one transaction.",
            parameters=[_PLAN, _WHO],
            body="MarkRequest",
            errors=["409", "503"],
        )
    },
    "/api/v1/plan/{plan}/flip": {
        "post": verb(
            "plan_flip",
            "Move toggles for a step, with its evidence in the audit",
            "Outcome",
            "Through a one-way door and past stages only with the role `approve`.",
            parameters=[_PLAN, _WHO],
            body="PlanFlipRequest",
            errors=["403", "404", "409", "503"],
        )
    },
    "/api/v1/plan/{plan}/consent": {
        "post": verb(
            "plan_consent",
            "Say yes to a step as it is written",
            "PlanConsent",
            parameters=[_PLAN, _WHO],
            body="ConsentRequest",
            errors=["409", "503"],
        )
    },
    "/api/v1/plan/{plan}/run": {
        "post": verb(
            "plan_run",
            "Begin to apply or undo a step of the configuration's plan, in the control plane's own process",
            "PlanRunBegun",
            "It goes on whoever looks on; what becomes of it stands in the plan's `run`. Steps with commands are"
            " refused: `strangler plan` runs those.",
            parameters=[_PLAN, _WHO],
            body="RunRequest",
            errors=["404", "409", "503"],
        ),
        "delete": verb(
            "plan_call_off",
            "Let what this control plane is at end where it is",
            "PlanCalledOff",
            "Nothing is lost: whoever applies the step next goes on from there.",
            parameters=[_PLAN, _WHO],
            errors=["503"],
        ),
    },
}

_RUN: Final = an_object(
    {
        "plan": TEXT,
        "step": TEXT,
        "act": {"type": "string", "enum": ["apply", "undo"]},
        "who": TEXT,
        "holder": TEXT,
        "began_at": _NUMBER,
        "told": a_list(an_object({"at": _NUMBER, "kind": TEXT, "text": TEXT})),
        "gates": a_list({"type": "object"}),
        "waits": TEXT,
        "ended_at": {"type": ["number", "null"], "description": "Null while it goes on."},
        "outcome": TEXT,
        "reason": TEXT,
    }
)
_CONSENT: Final = an_object({"who": TEXT, "at": _NUMBER, "meaning": TEXT, "why": TEXT})

ANSWERS: Final[dict[str, Any]] = {
    "Plan": an_object(
        {
            "now": _NUMBER,
            "holder": {"type": "string", "description": "Who has the lease; empty for nobody."},
            "marks": {
                "type": "object",
                "additionalProperties": an_object({"version": WHOLE, "mark": {"type": "object"}}),
            },
            "consents": {"type": "object", "additionalProperties": _CONSENT},
            "toggles": a_list(an_object({"name": TEXT, "stage": TEXT, "share": WHOLE, "since": _NUMBER})),
            "moves": a_list(an_object({"name": TEXT, "at": _NUMBER, "stage": TEXT})),
            "run": {**_RUN, "type": ["object", "null"]},
        }
    ),
    "PlanLease": an_object({"holder": TEXT, "seconds": _NUMBER}),
    "PlanMarked": an_object({"version": WHOLE}),
    "PlanConsent": _CONSENT,
    "PlanRunBegun": an_object({"run": _RUN}),
    "PlanCalledOff": an_object({"called_off": YES}),
}
