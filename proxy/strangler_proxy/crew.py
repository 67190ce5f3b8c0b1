"""The children of one configuration: a control plane, and a worker for each slot."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from strangler_proxy.child import Child
from strangler_proxy.config.values import Config
from strangler_proxy.sockets import shares

__all__ = ["Crew"]


@dataclass(slots=True)
class Crew:
    """The processes that serve by `config`."""

    config: Config
    control: Child
    workers: list[Child]

    @classmethod
    def of(
        cls, config: Config, text: Path, sockets: Sequence[socket.socket], control: socket.socket, *, held: bool
    ) -> Crew:
        """The children, not yet started, that take the file `text` for the configuration's. `held` as in Child."""
        words = ("--config", str(config.path), "--accepted", str(text))
        return cls(
            config,
            Child("control", ("control", *words), [control], held),
            [
                Child(
                    f"worker {slot}",
                    ("worker", "--slot", str(slot), *words),
                    [sockets[number] for number in shares(len(sockets), config.workers, slot)],
                    held,
                )
                for slot in range(config.workers)
            ],
        )

    @property
    def children(self) -> list[Child]:
        """All of them, the control plane first."""
        return [self.control, *self.workers]

    def read_from(self, text: Path) -> None:
        """Let whoever is started from now on take the file `text` for the configuration's."""
        for child in self.children:
            place = child.words.index("--accepted") + 1
            child.words = (*child.words[:place], str(text), *child.words[place + 1 :])
