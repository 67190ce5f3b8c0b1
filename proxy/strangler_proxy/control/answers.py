"""The control API's JSON answers, good and bad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from strangler.errors import (
    DocumentConflict,
    IllegalMove,
    IllegalRollout,
    MoveRefused,
    PlanError,
    PlanWaits,
    RevisionConflict,
    StoreUnavailable,
    StranglerError,
    ToggleError,
    UnknownRollout,
    UnknownToggle,
)
from strangler_proxy.control.refused import Refused

__all__ = ["answer", "refusal", "refusal_of"]


def answer(document: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that nobody keeps."""
    return JSONResponse(document, status, {"Cache-Control": "no-store", **(headers or {})})


def refusal(status: int, code: str, message: str, *, where: str | None = None, remedy: str | None = None) -> Response:
    """An error: `code` for programs, `message` for people, `where` in the request, `remedy` what to do."""
    error = {"code": code, "message": message, "where": where, "remedy": remedy}
    return answer({"error": {key: value for key, value in error.items() if value}}, status=status)


def refusal_of(error: StranglerError) -> Response:
    """The answer to an error that Strangler raised on purpose."""
    match error:
        case UnknownToggle():
            status, code = 404, "unknown_toggle"
        case IllegalMove():
            status, code = 409, "illegal_move"
        case MoveRefused():
            status, code = 409, "move_refused"
        case UnknownRollout():
            status, code = 404, "unknown_rollout"
        case IllegalRollout():
            status, code = 409, "illegal_rollout"
        case RevisionConflict():
            status, code = 409, "revision_conflict"
        case DocumentConflict():
            status, code = 409, "document_conflict"
        case PlanWaits():
            return refusal(409, "plan_waits", error.wrong, remedy=error.remedy)
        case PlanError():
            return refusal(409, "plan_refused", error.wrong, remedy=error.remedy)
        case Refused():
            return refusal(error.status, error.code, error.wrong, remedy=error.remedy)
        case StoreUnavailable():
            status, code = 503, "store_unavailable"
        case _:
            status, code = 422, "bad_input"
    if isinstance(error, ToggleError):
        return refusal(status, code, error.wrong, remedy=error.remedy)
    return refusal(status, code, str(error))
