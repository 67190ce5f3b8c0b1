"""The supervisor: holds the listening sockets, starts control plane and workers, and starts them again when they die.

It does no network I/O of its own. A worker's socket stays open when the worker dies or leaves, so connections wait in
it for the replacement, which is started at once, instead of being refused.
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from strangler.errors import SnapshotError, StranglerError
from strangler.toggles import read_snapshot
from strangler_proxy.child import Child
from strangler_proxy.config.values import Address, Config
from strangler_proxy.secret import keep_secret, token_from
from strangler_proxy.sockets import address_of, listen, renewed
from strangler_proxy.state import StateDir
from strangler_proxy.store import open_store
from strangler_proxy.subject import load_or_create_key

__all__ = ["CONTROL_SECONDS", "DRAIN_SECONDS", "LAUNCHER", "Started", "Supervisor"]

# -P: what happens to lie in the working folder must not be imported in our name.
LAUNCHER: Final = (sys.executable, "-P", "-m", "strangler_proxy")
DRAIN_SECONDS: Final = 15.0
CONTROL_SECONDS: Final = 8.0
# Ctrl-C reaches the terminal's whole group, and what we were started by may pass it on: twice at once counts once.
_ONE_WISH_SECONDS: Final = 0.3
# So many deaths in a row, and a worker's socket is no longer kept open for its replacement.
_HOPELESS: Final = 3
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_log = logging.getLogger("strangler.supervisor")


@dataclass(frozen=True, slots=True)
class Started:
    """Where a proxy that has just been started is to be found.

    `revision` is None at the first start; `token` is the file that the token is in, None where the environment gave it.
    """

    listen: Address
    control: Address
    state: StateDir
    workers: int
    revision: int | None
    token: Path | None


class Supervisor:
    """Runs the proxy of one configuration. One at a time for each state folder.

    `launcher` is the command that, with `control` or `worker` and their options, is one of the proxy's processes.
    """

    def __init__(self, config: Config, *, launcher: Sequence[str] = LAUNCHER) -> None:
        self._config = config
        self._launcher = launcher
        self._state = StateDir.of(config)
        self._children: list[Child] = []
        self._signals = 0
        self._asked_at = 0.0

    def run(self, on_started: Callable[[Started], None] = lambda _: None) -> None:
        """Serve until SIGTERM, SIGINT or SIGHUP; a second one forces the end. Main thread only.

        `on_started` is called once the addresses are known. Raises StranglerError when the proxy cannot be started:
        an address in use, a state folder that another supervisor works on, a secret that others can read.
        """
        # Asked for here, so that a mistake is told at once and not by a child that dies again and again.
        open_store(self._config)
        given = token_from(os.environ) is not None
        self._state.create()
        with self._alone(), self._listening() as (listening, control), self._awake() as wakeup:
            if not given:
                keep_secret(self._state.token)
            load_or_create_key(self._state.subject_key)
            addresses = {"listen": address_of(listening[0]), "control": address_of(control)}
            # Children read this copy: what is edited in the file counts from the next start on, for all at once.
            self._state.write(self._state.accepted, self._config.text)
            self._state.write_addresses({name: str(address) for name, address in addresses.items()})
            file = ("--config", str(self._config.path), "--accepted", str(self._state.accepted))
            self._children = [
                Child("control", ("control", *file), control),
                *(
                    Child(f"worker {slot}", ("worker", "--slot", str(slot), *file), each)
                    for slot, each in enumerate(listening)
                ),
            ]
            try:
                self._start_due()
                on_started(
                    Started(
                        listen=addresses["listen"],
                        control=addresses["control"],
                        state=self._state,
                        workers=len(listening),
                        revision=self._revision(),
                        token=None if given else self._state.token,
                    )
                )
                while not self._signals:
                    waiting = [child.due for child in self._children if child.process is None]
                    ties = [child.tie for child in self._children if child.tie is not None]
                    self._sleep(wakeup, min(waiting) - time.monotonic() if waiting else None, ties)
                    self._bury()
                    if not self._signals:
                        self._start_due()
                # Ours are closed first, so that nobody is queued for workers that take no more.
                for child in self._children:
                    child.listening.close()
            finally:
                self._end_all(wakeup)
                self._state.addresses.unlink(missing_ok=True)

    def _start_due(self) -> None:
        for child in self._children:
            child.start_if_due(self._launcher)

    def _bury(self) -> None:
        for child in self._children:
            if child.has_left() or not child.has_died():
                continue
            if child.deaths == _HOPELESS and len(self._children) > 2 and child.name != "control":
                # Customers in this queue would wait for nobody. The others take them until a worker here listens again.
                _log.error("%s gets no connections until it lives", child.name)
                child.listening = renewed(child.listening)

    def _end_all(self, wakeup: int) -> None:
        workers = [child for child in self._children if child.name != "control"]
        self._end(workers, DRAIN_SECONDS, wakeup)
        self._end(self._children, CONTROL_SECONDS, wakeup)
        _log.info("ended")

    def _end(self, children: list[Child], seconds: float, wakeup: int) -> None:
        running = [child.process for child in children if child.process is not None]
        running += [process for child in children for process in child.leaving]
        for process in running:
            process.terminate()
        until = time.monotonic() + seconds
        while any(process.poll() is None for process in running):
            left = until - time.monotonic()
            if left <= 0 or self._signals > 1:
                why = "A second signal came" if self._signals > 1 else f"{seconds:g} s are over"
                _log.warning("%s: killing %d of our processes", why, sum(p.poll() is None for p in running))
                for process in running:
                    process.kill()
                    process.wait()
                return
            self._sleep(wakeup, left)

    @staticmethod
    def _sleep(wakeup: int, seconds: float | None, ties: Sequence[socket.socket] = ()) -> None:
        watched = [wakeup, *(tie.fileno() for tie in ties)]
        if wakeup in select.select(watched, [], [], None if seconds is None else max(seconds, 0))[0]:
            os.read(wakeup, 4096)

    def _revision(self) -> int | None:
        try:
            snapshot = read_snapshot(self._state.snapshot)
        except SnapshotError:
            return None
        return None if snapshot is None else snapshot.revision

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._state.pid.open("a+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise StranglerError(
                    f"`strangler serve` is running on {self._state.path} already (pid {file.read().strip() or '?'})."
                    " Stop that one, or give this one a folder of its own:"
                    " `dir` under [state] in strangler.toml."
                ) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    @contextmanager
    def _listening(self) -> Iterator[tuple[list[socket.socket], socket.socket]]:
        opened: list[socket.socket] = []
        try:
            opened += listen(self._config.listen, self._config.workers, key="`listen` under [proxy]")
            opened += listen(self._config.control, 1, key="`listen` under [control]")
            yield opened[:-1], opened[-1]
        finally:
            for each in opened:
                each.close()
            for child in self._children:
                child.listening.close()
                child.untie()

    @contextmanager
    def _awake(self) -> Iterator[int]:
        # Signals write to a pipe on which the loop sleeps: none is lost between a look and the sleep after it.
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        before = {number: signal.signal(number, self._on_signal) for number in (*_STOPPING, signal.SIGCHLD)}
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reading)
            os.close(writing)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number in _STOPPING:
            now = time.monotonic()
            if self._signals and now - self._asked_at < _ONE_WISH_SECONDS:
                return
            self._asked_at = now
            self._signals += 1
            if self._signals == 1:
                _log.info("%s: draining; once more forces the end", signal.Signals(number).name)
