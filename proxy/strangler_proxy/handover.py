"""What a supervisor hands to the newer program that takes its place in the same process. Pure.

The document has a version. A program takes over versions that it knows; to one that it does not, nothing is handed
over, and the old one goes on. Keys are only ever added within a version.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from strangler.errors import StranglerError

__all__ = ["VERSION", "ChildHanded", "Handover", "HandoverError"]

VERSION: Final = 1


class HandoverError(StranglerError):
    """What an older program hands over cannot be taken."""


@dataclass(frozen=True, slots=True)
class ChildHanded:
    """A child that runs: `words` of its command, its process id (None for none), the descriptor of its tie (None for
    none), the places of its sockets among those handed over, and who ends in its name."""

    name: str
    words: tuple[str, ...]
    pid: int | None
    tie: int | None
    sockets: tuple[int, ...]
    serving: bool
    deaths: int
    leaving: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """Everything that goes on: descriptors of the lock, the listening sockets, the reload socket and those who wait
    there for an answer; and the children, the control plane first. `leaving` are processes that end by themselves.

    `crew` is the name of the crew and `comparers` are its other children: a program that knows of none, which is what
    lacking them says, passes them over, and its end is theirs.
    """

    version: int
    program: str
    lock: int
    sockets: tuple[int, ...]
    control: int
    asked: int
    askers: tuple[int, ...]
    children: tuple[ChildHanded, ...]
    leaving: tuple[int, ...]
    crew: str = ""
    comparers: tuple[ChildHanded, ...] = ()

    def to_text(self) -> str:
        """The document."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Handover:
        """The document that is `text`. Raises HandoverError for one that this program cannot take over from."""
        try:
            document: dict[str, Any] = json.loads(text)
            version = int(document["version"])
        except (ValueError, KeyError, TypeError) as error:
            raise HandoverError("What was handed over is no hand-over document.") from error
        if version != VERSION:
            raise HandoverError(
                f"strangler {document.get('program', '?')} hands over by version {version}, and this one takes"
                f" {VERSION} only: stop `strangler serve` and start it again."
            )
        try:
            return cls(
                version=version,
                program=str(document["program"]),
                lock=int(document["lock"]),
                sockets=_numbers(document["sockets"]),
                control=int(document["control"]),
                asked=int(document["asked"]),
                askers=_numbers(document["askers"]),
                children=tuple(_child(each) for each in document["children"]),
                leaving=_numbers(document["leaving"]),
                crew=str(document.get("crew", "")),
                comparers=tuple(_child(each) for each in document.get("comparers", ())),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise HandoverError(f"What was handed over lacks something: {error!r}.") from error


def _numbers(values: Sequence[Any]) -> tuple[int, ...]:
    return tuple(int(each) for each in values)


def _child(document: dict[str, Any]) -> ChildHanded:
    pid, tie = document["pid"], document["tie"]
    return ChildHanded(
        name=str(document["name"]),
        words=tuple(str(word) for word in document["words"]),
        pid=None if pid is None else int(pid),
        tie=None if tie is None else int(tie),
        sockets=_numbers(document["sockets"]),
        serving=bool(document["serving"]),
        deaths=int(document["deaths"]),
        leaving=_numbers(document["leaving"]),
    )
