"""What an error becomes at the command line: a message, a JSON document, an exit code."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from strangler.errors import (
    ConfigError,
    ControlRefused,
    ControlUnreachable,
    PlanWaits,
    RevisionConflict,
    StoreUnavailable,
    StranglerError,
)
from strangler_proxy.plain import plain

__all__ = ["error_json", "error_text", "exit_code"]


def exit_code(error: StranglerError) -> int:
    """The exit code of a command that an error ended: 1 the answer is no, 2 bad input, 3 not yet, 4 control plane
    unreachable."""
    match error:
        case ControlUnreachable():
            return 4
        case RevisionConflict() | StoreUnavailable() | ControlRefused(code="revision_conflict" | "store_unavailable"):
            return 1
        case PlanWaits() | ControlRefused(code="plan_busy"):
            return 3
        case ControlRefused(status=status) if status >= 500:
            return 4
        case _:
            return 2


def error_text(error: StranglerError) -> str:
    """The message, without anything that could play with a terminal."""
    text = "\n".join(plain(line) for line in str(error).split("\n"))
    if not isinstance(error, ConfigError):
        return text
    count = len(error.problems)
    return f"{text}\n{count} problem{'' if count == 1 else 's'} found; nothing was done."


def error_json(error: StranglerError) -> dict[str, Any]:
    """The error as the control API would put it, with a configuration's problems one by one."""
    kind = error.code if isinstance(error, ControlRefused) else _snake(type(error).__name__)
    document: dict[str, Any] = {"code": kind, "message": str(error)}
    if isinstance(error, ConfigError):
        document["problems"] = [asdict(problem) for problem in error.problems]
    return {"error": document}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
