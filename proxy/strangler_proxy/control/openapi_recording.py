"""The part of the OpenAPI document that is about recording."""

from __future__ import annotations

from typing import Any, Final

from strangler_proxy.control.describing import (
    TEXT,
    TEXT_OR_NULL,
    TIME,
    WHOLE,
    WHOLE_OR_NULL,
    YES,
    a_list,
    an_object,
    header,
    verb,
)
from strangler_proxy.control.recordings import End

__all__ = ["ANSWERS", "PATHS"]

_WHO: Final = [header("X-Strangler-Who", "Who asks for it, as it should stand in the log.")]

PATHS: Final[dict[str, Any]] = {
    "/api/v1/recording": {
        "get": verb("recording", "The recording that runs, or the one that ran last", "Recording"),
        "post": verb(
            "record",
            "Record what passes",
            "Recording",
            "Answers when every worker records, or when the time is over. It ends by itself.",
            parameters=_WHO,
            body="RecordRequest",
            errors=["404", "409"],
        ),
        "delete": verb(
            "stop",
            "End the recording that runs",
            "Recording",
            "Answers when everything is written.",
            parameters=_WHO,
            errors=["404"],
        ),
    }
}

_RECORDING: Final = an_object(
    {
        "id": TEXT,
        "state": {"enum": ["running", "ending", "ended"]},
        "end": {"enum": [*(end.value for end in End), None]},
        "file": TEXT,
        "routes": a_list(TEXT),
        "sample": {"type": "number"},
        "bodies": YES,
        "requests": WHOLE_OR_NULL,
        "since": TIME,
        "until": TIME,
        "who": TEXT,
        "why": TEXT,
        "written": WHOLE,
        "bytes": WHOLE,
        "sampled_out": WHOLE,
        "dropped": {"type": "object", "additionalProperties": {"type": "integer"}},
        "problem": TEXT_OR_NULL,
        "acknowledged": a_list(TEXT),
        "missing": a_list(TEXT),
    }
)

ANSWERS: Final[dict[str, Any]] = {
    "Recorded": _RECORDING,
    "Recording": an_object({"recording": {"oneOf": [{"$ref": "#/components/schemas/Recorded"}, {"type": "null"}]}}),
}
