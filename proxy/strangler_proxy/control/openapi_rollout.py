"""The part of the OpenAPI document that is about rollouts."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import REF, TEXT, WHOLE, YES, a_list, an_object, header, verb
from strangler_proxy.rollout import BackTo, RolloutState

__all__ = ["ANSWERS", "PATHS"]

_WHO: Final = [header("X-Strangler-Who", "Who tells it, as it should stand in the audit.")]
_NUMBER: Final = {"type": "number"}
_SECONDS: Final = {"type": "number", "description": "Seconds since 1970."}


def _order(name: str, summary: str, description: str, *, body: str = "RolloutOrder") -> dict[str, Any]:
    errors = ["404", "409", "503"]
    return {
        "post": verb(name, summary, "Rolled", description, parameters=_WHO, body=body, errors=errors),
    }


PATHS: Final[dict[str, Any]] = {
    "/api/v1/rollouts": {
        "get": verb("rollouts", "All rollouts, each as it stands now", "Rollouts", errors=["503"]),
        "post": verb(
            "startRollout",
            "Begin a rollout",
            "Rolled",
            "Answers once it is written down; whichever replica leads makes its first move within a second.",
            parameters=_WHO,
            body="RolloutStart",
            errors=["404", "409", "503"],
        ),
    },
    "/api/v1/schedules": {
        "get": verb(
            "schedules",
            "The schedules that a rollout can go by",
            "Schedules",
            "`[rollouts.NAME]` of the configuration.",
        )
    },
    "/api/v1/rollouts/freeze": _order("freezeRollout", "Let a rollout go no further", "The guard stays on."),
    "/api/v1/rollouts/resume": _order(
        "resumeRollout", "Let a rollout go on", "What failed must be passed anew, and with new evidence."
    ),
    "/api/v1/rollouts/abort": _order(
        "abortRollout",
        "End a rollout",
        "Its toggles go back to where it began. Answers once they are there, or after `wait_seconds`: then `pending` is"
        " where they go.",
        body="RolloutAbort",
    ),
}

_PLACE: Final = an_object({"stage": {"$ref": REF.format(model="Stage")}, "share": WHOLE})
_STATE: Final = {"enum": [each.value for each in RolloutState]}
_SCHEDULE: Final = an_object(
    {
        "name": TEXT,
        "stations": a_list(
            an_object({"stage": {"$ref": REF.format(model="Stage")}, "share": WHOLE, "seconds": _NUMBER})
        ),
        "gates": {"type": "object"},
        "patience": _NUMBER,
        "back_to": {"enum": [each.value for each in BackTo]},
    }
)

ANSWERS: Final[dict[str, Any]] = {
    "Rollout": an_object(
        {
            "name": TEXT,
            "toggles": a_list(TEXT),
            "schedule": _SCHEDULE,
            "began": _PLACE,
            "place": _PLACE,
            "who": TEXT,
            "why": TEXT,
            "started": _SECONDS,
            "state": _STATE,
            "at": {"type": "integer", "minimum": -1, "description": "Which station, from 0; -1 for none of them."},
            "since": {**_SECONDS, "description": "Since when evidence counts, in seconds since 1970."},
            "waiting": {**_SECONDS, "description": "Since when, at the earliest, patience is spent."},
            "reason": {"type": "string", "description": "How it came to be where it is."},
            "failed": {**YES, "description": "A gate has failed, and nobody has resumed it since."},
            "releases": {"type": "object", "additionalProperties": a_list(TEXT)},
            "pending": {
                "oneOf": [
                    an_object({"place": _PLACE, "at": WHOLE, "state": _STATE, "reason": TEXT}),
                    {"type": "null"},
                ],
                "description": "A move under way.",
            },
            "doing": {"type": "string", "description": "What it does now, and what it waits for."},
            "until": {"type": ["number", "null"], "description": "When its station's time is over."},
            "gates": {
                "type": "object",
                "additionalProperties": a_list(
                    an_object(
                        {
                            "gate": TEXT,
                            "verdict": {"enum": ["pass", "fail", "inconclusive"]},
                            "reason": TEXT,
                            "figures": {"type": "object"},
                        }
                    )
                ),
                "description": "What its gates say, by toggle.",
            },
        }
    ),
    "RolloutBrief": an_object(
        {"name": TEXT, "state": _STATE, "place": _PLACE, "toggles": a_list(TEXT), "reason": TEXT}
    ),
    "Rolled": an_object({"rollout": {"$ref": REF.format(model="Rollout")}}),
    "Schedules": an_object({"schedules": a_list(_SCHEDULE)}),
    "Rollouts": an_object({"rollouts": a_list({"$ref": REF.format(model="Rollout")})}),
}
