"""What is wrong with a recording, collected up to a bound."""

from __future__ import annotations

from typing import Final

from strangler.errors import Problem, RecordingError

__all__ = ["Problems"]

_MOST: Final = 20


class Problems:
    """The problems of one file. Past the twentieth the rest is not looked for.

    `add` raises RecordingError once there are that many, `settle` where there are any.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[Problem] = []

    def add(self, wrong: str, right: str, *, line: int | None = None, key: str = "") -> None:
        """One more problem."""
        self._found.append(Problem(self._file, line, key, wrong, right))
        if len(self._found) == _MOST:
            more = Problem(self._file, line, "", f"has {_MOST} problems up to here", "The rest was not looked at.")
            raise RecordingError([*self._found, more])

    def settle(self) -> None:
        """Raise what was found, if anything was."""
        if self._found:
            raise RecordingError(self._found)
