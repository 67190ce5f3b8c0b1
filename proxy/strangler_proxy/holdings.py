"""What a supervisor holds, and hands to the newer program that takes its place."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from strangler import __version__
from strangler_proxy.child import Adopted, Child, Process
from strangler_proxy.config.values import Config
from strangler_proxy.crew import Crew
from strangler_proxy.handover import VERSION, ChildHanded, Handover
from strangler_proxy.reload_socket import Asker, ReloadSocket
from strangler_proxy.state import StateDir
from strangler_proxy.subject_key import SubjectKey

__all__ = ["Holdings", "inherited"]


@dataclass(slots=True)
class Holdings:
    """The configuration in force and the `crew` that serves by it, the listening `sockets` of the workers and the one
    of the `control` plane, the subject `key`, and the `lock` on the state folder.

    `leaving` are processes that end by themselves; `launcher` is the command of which every process of ours is a
    subcommand.
    """

    config: Config
    launcher: Sequence[str]
    state: StateDir
    sockets: list[socket.socket]
    control: socket.socket
    crew: Crew
    key: SubjectKey
    lock: IO[str]
    leaving: list[Process] = field(default_factory=list)

    @classmethod
    def taken(cls, config: Config, launcher: Sequence[str], handed: Handover) -> Holdings:
        """What an older program hands over; `config` is the one in force there."""
        state = StateDir.of(config)
        sockets = [inherited(each) for each in handed.sockets]
        control = inherited(handed.control)
        crew = Crew.of(config, state.accepted, sockets, control, held=False, name=handed.crew)
        known = {child.name: child for child in crew.children}
        for each in handed.children:
            _adopt(known[each.name], each, [*sockets, control])
        lock = os.fdopen(handed.lock, "r+", encoding="ascii")
        leaving: list[Process] = [Adopted(pid) for pid in handed.leaving]
        for each in handed.comparers:
            if each.name in known:
                _adopt(known[each.name], each, [*sockets, control])
            else:
                # This program wants fewer of them.
                leaving += _let_go(each)
        return cls(config, launcher, state, sockets, control, crew, SubjectKey(state.subject_key), lock, leaving)

    def handed(self, asked: ReloadSocket, askers: Sequence[Asker]) -> Handover:
        """What a newer program in this process needs to go on. `askers` wait for an answer on `asked`."""
        places = {id(each): place for place, each in enumerate([*self.sockets, self.control])}
        return Handover(
            version=VERSION,
            program=__version__,
            lock=self.lock.fileno(),
            sockets=tuple(each.fileno() for each in self.sockets),
            control=self.control.fileno(),
            asked=asked.listening.fileno(),
            askers=tuple(asker.connection.fileno() for asker in askers),
            children=tuple(_handed(child, places) for child in (self.crew.control, *self.crew.workers)),
            leaving=tuple(process.pid for process in self.leaving),
            crew=self.crew.name,
            comparers=tuple(_handed(child, places) for child in self.crew.comparers),
        )

    def close(self) -> None:
        """Close the listening sockets."""
        for each in (*self.sockets, self.control):
            each.close()


def inherited(descriptor: int) -> socket.socket:
    """The socket that was handed over as `descriptor`."""
    inherited = socket.socket(fileno=descriptor)
    inherited.set_inheritable(False)
    inherited.setblocking(False)
    return inherited


def _let_go(handed: ChildHanded) -> list[Adopted]:
    if handed.tie is not None:
        inherited(handed.tie).close()
    return [Adopted(pid) for pid in (handed.pid, *handed.leaving) if pid is not None]


def _handed(child: Child, places: Mapping[int, int]) -> ChildHanded:
    return ChildHanded(
        name=child.name,
        words=child.words,
        pid=None if child.process is None else child.process.pid,
        tie=None if child.tie is None else child.tie.fileno(),
        sockets=tuple(places[id(each)] for each in child.listening),
        serving=child.serving,
        deaths=child.deaths,
        leaving=tuple(process.pid for process in child.leaving),
    )


def _adopt(child: Child, handed: ChildHanded, sockets: Sequence[socket.socket]) -> None:
    child.listening = [sockets[place] for place in handed.sockets]
    child.process = None if handed.pid is None else Adopted(handed.pid)
    child.tie = None if handed.tie is None else inherited(handed.tie)
    child.serving = child.ready = handed.serving
    child.deaths = handed.deaths
    child.leaving = [Adopted(pid) for pid in handed.leaving]
