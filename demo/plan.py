"""The steps of `migration_plan.md` that a person can follow now: its shell blocks marked with a step's id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Step", "read_steps"]

_HEADING = re.compile(r"#{2,4} (?P<title>.+)")
_FENCE = re.compile(r"```sh step=(?P<id>[a-z0-9.-]+)\s*")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its id, the heading it stands under, its commands (one a line) and the line of its block."""

    id: str
    title: str
    commands: tuple[str, ...]
    line: int


def read_steps(path: Path) -> dict[str, Step]:
    """The steps of the plan in `path`, by id, in the order of the document.

    Raises ValueError for a block without an end, a step without a command, or an id used twice, with the line.
    """
    steps: dict[str, Step] = {}
    title, lines = "", iter(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if heading := _HEADING.fullmatch(line):
            title = heading["title"]
        elif fence := _FENCE.fullmatch(line):
            commands = _commands(path, number, lines)
            if fence["id"] in steps:
                first = steps[fence["id"]].line
                raise ValueError(
                    f"{path}:{number}: step {fence['id']} stands at line {first} already; give it an id of its own"
                )
            steps[fence["id"]] = Step(fence["id"], title, commands, number)
    return steps


def _commands(path: Path, opened: int, lines: Iterator[tuple[int, str]]) -> tuple[str, ...]:
    commands: list[str] = []
    for _, line in lines:
        if line.strip() == "```":
            if not commands:
                raise ValueError(f"{path}:{opened}: the step has no command; write one or take its block out")
            return tuple(commands)
        if line.strip() and not line.lstrip().startswith("#"):
            commands.append(line.strip())
    raise ValueError(f"{path}:{opened}: the step's block has no end; close it with ```")
