"""The supervisor: holds the listening sockets, starts control plane and workers, and starts them again when they die.

It does no network I/O of its own. A worker's socket stays open when the worker dies, so connections wait in it for the
replacement instead of being refused.
"""

from __future__ import annotations

import fcntl
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from strangler.errors import SnapshotError, StranglerError
from strangler.toggles import read_snapshot
from strangler_proxy.config.values import Address, Config
from strangler_proxy.secret import keep_secret
from strangler_proxy.sockets import address_of, listen
from strangler_proxy.state import StateDir
from strangler_proxy.store import open_store
from strangler_proxy.subject import load_or_create_key

__all__ = ["CONTROL_SECONDS", "DRAIN_SECONDS", "LAUNCHER", "Started", "Supervisor", "restart_delay"]

# -P: what happens to lie in the working folder must not be imported in our name.
LAUNCHER: Final = (sys.executable, "-P", "-m", "strangler_proxy")
DRAIN_SECONDS: Final = 15.0
CONTROL_SECONDS: Final = 8.0
_LONGEST_DELAY: Final = 5.0
# A child that lived this long was well: its death starts counting anew.
_SETTLED_SECONDS: Final = 10.0
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_log = logging.getLogger("strangler.supervisor")


def restart_delay(deaths: int) -> float:
    """Seconds to wait before a child is started again that died `deaths` times in a row soon after its start."""
    return 0.0 if deaths <= 1 else min(0.25 * 2.0 ** min(deaths - 2, 10), _LONGEST_DELAY)


@dataclass(frozen=True, slots=True)
class Started:
    """Where a proxy that has just been started is to be found. `revision` is None at the first start."""

    listen: Address
    control: Address
    state: StateDir
    workers: int
    revision: int | None


@dataclass(slots=True)
class _Child:
    name: str
    command: list[str]
    pass_fds: tuple[int, ...]
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    deaths: int = 0
    due: float = field(default_factory=time.monotonic)


class Supervisor:
    """Runs the proxy of one configuration. One at a time for each state folder.

    `launcher` is the command that, with `control` or `worker` and their options, is one of the proxy's processes.
    """

    def __init__(self, config: Config, *, launcher: Sequence[str] = LAUNCHER) -> None:
        self._config = config
        self._launcher = launcher
        self._state = StateDir.of(config)
        self._children: list[_Child] = []
        self._signals = 0

    def run(self, on_started: Callable[[Started], None] = lambda _: None) -> None:
        """Serve until SIGTERM, SIGINT or SIGHUP; a second one forces the end. Main thread only.

        `on_started` is called once the addresses are known. Raises StranglerError when the proxy cannot be started:
        an address in use, a state folder that another supervisor works on, a secret that others can read.
        """
        # Asked for here, so that a mistake is told at once and not by a child that dies again and again.
        open_store(self._config)
        self._state.create()
        with self._alone(), self._listening() as (listening, control), self._awake() as wakeup, _pipe() as life:
            keep_secret(self._state.token)
            load_or_create_key(self._state.subject_key)
            addresses = {"listen": address_of(listening[0]), "control": address_of(control)}
            # Children read this copy: what is edited in the file counts from the next start on, for all at once.
            self._state.write(self._state.accepted, self._config.text)
            self._state.write_addresses({name: str(address) for name, address in addresses.items()})
            self._children = [self._child("control", control, life)]
            self._children += [self._child(f"worker {slot}", each, life, slot) for slot, each in enumerate(listening)]
            self._start_due()
            on_started(
                Started(
                    listen=addresses["listen"],
                    control=addresses["control"],
                    state=self._state,
                    workers=len(listening),
                    revision=self._revision(),
                )
            )
            try:
                self._keep_alive(wakeup)
                # Ours are closed first: what waits in them is then the workers' to take before they end.
                for each in [*listening, control]:
                    each.close()
            finally:
                self._end_all(wakeup)
                self._state.addresses.unlink(missing_ok=True)

    def _child(self, name: str, listening: socket.socket, life: int, slot: int | None = None) -> _Child:
        kind = ["control"] if slot is None else ["worker", "--slot", str(slot)]
        command = [
            *self._launcher,
            *kind,
            *("--fd", str(listening.fileno()), "--life", str(life), "--config", str(self._config.path)),
            *("--accepted", str(self._state.accepted)),
        ]
        return _Child(name, command, (listening.fileno(), life))

    def _keep_alive(self, wakeup: int) -> None:
        while not self._signals:
            self._start_due()
            waiting = [child.due for child in self._children if child.process is None]
            self._sleep(wakeup, min(waiting) - time.monotonic() if waiting else None)
            self._reap()

    def _start_due(self) -> None:
        for child in self._children:
            if child.process is None and child.due <= time.monotonic():
                # A group of its own: Ctrl-C in the terminal reaches us alone, and we end the others in order.
                child.process = subprocess.Popen(  # noqa: S603 - our own command
                    child.command, stdin=subprocess.DEVNULL, pass_fds=child.pass_fds, process_group=0
                )
                child.began = time.monotonic()
                _log.info("%s started (pid %d)", child.name, child.process.pid)

    def _reap(self) -> None:
        for child in self._children:
            if child.process is None or child.process.poll() is None:
                continue
            now = time.monotonic()
            child.deaths = 1 if now - child.began > _SETTLED_SECONDS else child.deaths + 1
            delay = restart_delay(child.deaths)
            child.due = now + delay
            how = _how(child.process.returncode)
            if child.deaths == 1:
                _log.warning("%s (pid %d) %s; it is started again at once", child.name, child.process.pid, how)
            else:
                _log.error(
                    "%s (pid %d) %s, for the %d. time soon after its start; it is started again in %.3g s, its own"
                    " words above say why",
                    *(child.name, child.process.pid, how, child.deaths, delay),
                )
            child.process = None

    def _end_all(self, wakeup: int) -> None:
        workers = [child for child in self._children if child.name != "control"]
        self._end(workers, DRAIN_SECONDS, wakeup)
        self._end(self._children, CONTROL_SECONDS, wakeup)
        _log.info("ended")

    def _end(self, children: list[_Child], seconds: float, wakeup: int) -> None:
        running = [child.process for child in children if child.process is not None]
        for process in running:
            process.terminate()
        until = time.monotonic() + seconds
        while any(process.poll() is None for process in running):
            left = until - time.monotonic()
            if left <= 0 or self._signals > 1:
                _log.warning("%d processes did not end in time and are killed", sum(p.poll() is None for p in running))
                for process in running:
                    process.kill()
                    process.wait()
                return
            self._sleep(wakeup, left)

    @staticmethod
    def _sleep(wakeup: int, seconds: float | None) -> None:
        if select.select([wakeup], [], [], None if seconds is None else max(seconds, 0))[0]:
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
            yield
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
            self._signals += 1
            if self._signals == 1:
                _log.info("%s: draining; once more forces the end", signal.Signals(number).name)


@contextmanager
def _pipe() -> Iterator[int]:
    # Children inherit the reading end; the writing end is ours alone and closes when we die.
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        for end in (reading, writing):
            with suppress(OSError):
                os.close(end)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
