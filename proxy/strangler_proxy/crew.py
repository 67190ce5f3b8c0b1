"""The children of one configuration: a control plane, comparers, and a worker for each slot."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from strangler_proxy.child import Child
from strangler_proxy.config.values import Config
from strangler_proxy.sockets import shares
from strangler_proxy.state import StateDir

__all__ = ["Crew"]


@dataclass(slots=True)
class Crew:
    """The processes that serve by `config`. Workers know the comparers of their own crew by its `name`, which no other
    has: two crews that serve side by side need not agree on what is compared, and how."""

    config: Config
    name: str
    control: Child
    comparers: list[Child]
    workers: list[Child]

    @classmethod
    def of(
        cls,
        config: Config,
        text: Path,
        sockets: Sequence[socket.socket],
        control: socket.socket,
        *,
        held: bool,
        name: str = "",
    ) -> Crew:
        """The children, not yet started, that take the file `text` for the configuration's. `held` as in Child; the
        name is made up where none is given."""
        words = ("--config", str(config.path), "--accepted", str(text))
        name = name or secrets.token_hex(4)
        state = StateDir.of(config)
        places = [str(state.comparer(name, number)) for number in range(config.comparers)]
        told = [word for place in places for word in ("--comparer", place)]
        return cls(
            config,
            name,
            Child("control", ("control", *words), [control], held),
            [
                Child(f"comparer {number}", ("comparer", "--number", str(number), "--at", place, *words), [], held)
                for number, place in enumerate(places)
            ],
            [
                Child(
                    f"worker {slot}",
                    ("worker", "--slot", str(slot), *told, *words),
                    [sockets[number] for number in shares(len(sockets), config.workers, slot)],
                    held,
                )
                for slot in range(config.workers)
            ],
        )

    @property
    def children(self) -> list[Child]:
        """All of them, the control plane first, and whom the workers talk to before them."""
        return [self.control, *self.comparers, *self.workers]

    def read_from(self, text: Path) -> None:
        """Let whoever is started from now on take the file `text` for the configuration's."""
        for child in self.children:
            place = child.words.index("--accepted") + 1
            child.words = (*child.words[:place], str(text), *child.words[place + 1 :])
