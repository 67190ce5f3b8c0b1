"""The part of the OpenAPI document that is about compare rules."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import TEXT, TEXT_OR_NULL, YES, an_object, header, verb

__all__ = ["ANSWERS", "PATHS"]

PATHS: Final[dict[str, Any]] = {
    "/api/v1/rules": {
        "get": verb("rules", "The compare rules' file as it stands", "RulesText"),
        "put": verb(
            "write_rules",
            "Put another text in the place of the compare rules' file, and reload",
            "RulesWritten",
            "Only where the configuration or the start of `strangler serve` allows it. Answers as soon as it is"
            " written; the reload, which begins then, starts another control plane.",
            parameters=[header("X-Strangler-Who", "Who writes it, as it should stand in the audit.")],
            body="RulesRequest",
            errors=["409", "503"],
        ),
    }
}

_FILE: Final = {
    "file": {"type": "string", "description": "Its path on the replica's machine."},
    "text": TEXT,
    "digest": {"type": "string", "description": "Tells one text from another; empty where there is no file yet."},
    "revision": {"type": ["string", "null"], "description": "Of the rules in it; null where it is wrong."},
    "problem": TEXT_OR_NULL,
    "in_force": {"type": "string", "description": "The revision of the rules in force on this replica."},
    "editable": YES,
    "edited": {
        "type": "boolean",
        "description": "Whether strangler.toml was edited since it was taken up: a reload takes that up too.",
    },
    "reloaded": {"type": ["object", "null"], "description": "How the last reload went."},
}

ANSWERS: Final[dict[str, Any]] = {
    "RulesText": an_object(_FILE),
    "RulesWritten": an_object(
        {**_FILE, "reloading": {"type": "boolean", "description": "Whether the supervisor was asked to reload."}}
    ),
}
