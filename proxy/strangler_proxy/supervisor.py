"""The supervisor: holds the listening sockets, starts control plane, comparers and workers, and again when they die.

It does no network I/O of its own. A listening socket stays open when its worker dies or leaves, so connections wait in
it for the replacement, which is started at once, instead of being refused. A reload goes from one crew of children to
the next in the same way (see rollover.py).
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
from typing import IO, Final

from strangler import __version__
from strangler.errors import ConfigError, SnapshotError, StranglerError
from strangler.toggles import read_snapshot
from strangler_proxy.child import Child, Process
from strangler_proxy.config.values import Address, Config
from strangler_proxy.crew import Crew
from strangler_proxy.handover import Handover
from strangler_proxy.holdings import Holdings, inherited
from strangler_proxy.listener_tls import tls_problems
from strangler_proxy.reload_socket import PROGRAM, Asker, ReloadSocket
from strangler_proxy.reloader import HEEDED, Reloader
from strangler_proxy.secret import keep_secret, token_from
from strangler_proxy.sockets import address_of, listen, renewed
from strangler_proxy.state import StateDir
from strangler_proxy.store import open_evidence, open_store
from strangler_proxy.subject_key import SubjectKey
from strangler_proxy.vouch_secret import vouch_secret

__all__ = ["COMPARER_SECONDS", "CONTROL_SECONDS", "DRAIN_SECONDS", "LAUNCHER", "Started", "Supervisor"]

# -P: what happens to lie in the working folder must not be imported in our name.
LAUNCHER: Final = (sys.executable, "-P", "-m", "strangler_proxy")
DRAIN_SECONDS: Final = 20.0
CONTROL_SECONDS: Final = 8.0
COMPARER_SECONDS: Final = 5.0
# Ctrl-C reaches the terminal's whole group, and what we were started by may pass it on: twice at once counts once.
_ONE_WISH_SECONDS: Final = 0.3
# So many deaths in a row, and a worker's socket is no longer kept open for its replacement.
_HOPELESS: Final = 3
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
# How often it looks at what no signal tells of: silent workers, time limits.
_LOOK_SECONDS: Final = 1.0

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
    scheme: str = "http"
    control_scheme: str = "http"


class Supervisor:
    """Runs the proxy of one configuration file. One at a time for each state folder.

    `launcher` is the command that, with `control`, `comparer` or `worker` and their options, is one of the proxy's
    processes.
    """

    def __init__(self, config: Config, *, launcher: Sequence[str] = LAUNCHER) -> None:
        self._config = config
        self._launcher = launcher
        self._state = StateDir.of(config)
        self._held: Holdings
        self._reloader: Reloader
        self._signals = 0
        self._asked_at = 0.0
        self._hung_up = False
        self._program_wanted = False
        self._terminal = os.isatty(0)

    def run(self, on_started: Callable[[Started], None] = lambda _: None) -> None:
        """Serve until SIGTERM or SIGINT; a second one forces the end. SIGHUP and SIGUSR2 reload. Main thread only.

        `on_started` is called once the addresses are known. Raises StranglerError when the proxy cannot be started:
        an address in use, a state folder that another supervisor works on, a secret that others can read.
        """
        config, state = self._config, self._state
        # Asked for here, so that a mistake is told at once and not by a child that dies again and again.
        open_store(config)
        open_evidence(config)
        problems = tls_problems(config)
        if problems:
            raise ConfigError(problems)
        given = token_from(os.environ) is not None
        state.create()
        with self._alone() as lock, self._listening() as (sockets, control, asked), self._awake() as wakeup:
            if not given:
                keep_secret(state.token)
            vouch_secret(config)
            addresses = {"listen": address_of(sockets[0]), "control": address_of(control)}
            # Children read this copy: what is edited in the file counts from the next reload on, for all at once.
            state.write(state.accepted, config.text)
            state.write_addresses({name: str(address) for name, address in addresses.items()})
            state.reloaded.unlink(missing_ok=True)
            for left in state.comparers:
                left.unlink(missing_ok=True)
            crew = Crew.of(config, state.accepted, sockets, control, held=False)
            key = SubjectKey(state.subject_key)
            self._held = Holdings(config, self._launcher, state, sockets, control, crew, key, lock)
            self._reloader = Reloader(self._held, asked)
            try:
                self._start_due()
                on_started(
                    Started(
                        listen=addresses["listen"],
                        control=addresses["control"],
                        state=state,
                        workers=config.workers,
                        revision=self._revision(),
                        token=None if given else state.token,
                        scheme="http" if config.tls is None else "https",
                        control_scheme="http" if config.control_tls is None else "https",
                    )
                )
                self._serve(wakeup)
            finally:
                self._end_all(wakeup)

    def take_over(self, handed: Handover) -> None:
        """Go on with what an older version of the program has handed over, then reload the file.

        The configuration is the one in force there. What is under way goes on; otherwise as `run`.
        """
        self._held = Holdings.taken(self._config, self._launcher, handed)
        asked = ReloadSocket(inherited(handed.asked))
        self._reloader = Reloader(self._held, asked, [Asker(inherited(each), PROGRAM) for each in handed.askers])
        lock = self._held.lock
        with lock, self._closing(self._held.sockets, self._held.control, asked), self._awake() as wakeup:
            try:
                _log.info("strangler %s has taken over from %s", __version__, handed.program)
                self._reloader.begin_with_program()
                self._serve(wakeup)
            finally:
                self._end_all(wakeup)
                lock.truncate(0)

    def _serve(self, wakeup: int) -> None:
        while not self._signals:
            self._wait(wakeup)
            self._bury()
            if not self._signals:
                self._held.key.look()
                self._wish()
                self._reloader.step()
                self._start_due()
        # Ours are closed first, so that nobody is queued for workers that take no more.
        self._held.close()

    def _wish(self) -> None:
        # Noted by the signal's handler, which comes in the middle of anything.
        if self._hung_up or self._program_wanted:
            program, self._hung_up, self._program_wanted = self._program_wanted, False, False
            self._reloader.want(program=program)

    def _wait(self, wakeup: int) -> None:
        now = time.monotonic()
        waiting = [child.due - now for child in self._held.crew.children if child.process is None]
        ties = [child.tie.fileno() for child in self._held.crew.children if child.tie is not None]
        # Silence, time limits and files make no noise: somebody has to look.
        self._sleep(wakeup, min([*waiting, _LOOK_SECONDS]), [*ties, *self._reloader.descriptors()])

    def _start_due(self) -> None:
        if any(child.process is None for child in self._held.crew.children):
            # What is started reads it, and would make another.
            self._held.key.look(at_once=True)
        for child in self._held.crew.children:
            child.start_if_due(self._held.launcher)

    def _bury(self) -> None:
        self._held.leaving = [process for process in self._held.leaving if process.poll() is None]
        for child in self._held.crew.children:
            if child.has_left():
                continue
            if (
                child.silent is not None
                and child.process is not None
                and child.silent > self._held.config.hang_timeout > 0
            ):
                _log.error(
                    "%s (pid %d) has not been heard for %.3g s: killed", child.name, child.process.pid, child.silent
                )
                child.process.kill()
                child.silent = 0.0
            if child.has_died() and child.deaths == _HOPELESS and child in self._held.crew.workers:
                self._close_queue(child)

    def _close_queue(self, child: Child) -> None:
        """Customers in this queue would wait for nobody. The others take them until a worker here listens again."""
        if len(self._held.crew.workers) < 2 or self._reloader.rolling:
            return
        shared = [each for other in self._held.crew.workers if other is not child for each in other.listening]
        for place, each in enumerate(child.listening):
            if each not in shared:
                number = self._held.sockets.index(each)
                child.listening[place] = self._held.sockets[number] = renewed(each)
        _log.error("%s gets no connections until it lives", child.name)

    def _end_all(self, wakeup: int) -> None:
        held = self._held
        self._reloader.end()
        workers = [each for child in held.crew.workers for each in _processes(child)] + held.leaving
        self._end(workers, held.config.longest_drain, wakeup)
        # What they were told last is told by them before the control plane ends.
        comparers = [each for child in held.crew.comparers for each in _processes(child)]
        self._end(comparers, COMPARER_SECONDS, wakeup)
        self._end([each for child in held.crew.children for each in _processes(child)], CONTROL_SECONDS, wakeup)
        for child in held.crew.children:
            child.untie()
        held.state.addresses.unlink(missing_ok=True)
        _log.info("ended")

    def _end(self, processes: list[Process], seconds: float, wakeup: int) -> None:
        for process in processes:
            process.terminate()
        until = time.monotonic() + seconds
        while any(process.poll() is None for process in processes):
            left = until - time.monotonic()
            if left <= 0 or self._signals > 1:
                why = "A second signal came" if self._signals > 1 else f"{seconds:g} s are over"
                _log.warning("%s: killing %d of our processes", why, sum(p.poll() is None for p in processes))
                for process in processes:
                    process.kill()
                while any(process.poll() is None for process in processes):
                    time.sleep(0.01)
                return
            self._sleep(wakeup, left)

    @staticmethod
    def _sleep(wakeup: int, seconds: float | None, descriptors: Sequence[int] = ()) -> None:
        poll = select.poll()
        for each in (wakeup, *descriptors):
            poll.register(each, select.POLLIN)
        found = poll.poll(None if seconds is None else max(seconds, 0) * 1000)
        if any(descriptor == wakeup for descriptor, _ in found):
            os.read(wakeup, 4096)

    def _revision(self) -> int | None:
        try:
            snapshot = read_snapshot(self._state.snapshot)
        except SnapshotError:
            return None
        return None if snapshot is None else snapshot.revision

    @contextmanager
    def _alone(self) -> Iterator[IO[str]]:
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
                yield file
            finally:
                file.truncate(0)

    @contextmanager
    def _listening(self) -> Iterator[tuple[list[socket.socket], socket.socket, ReloadSocket]]:
        sockets: list[socket.socket] = []
        try:
            sockets = listen(self._config.listen, self._config.workers, key="`listen` under [proxy]")
            (control,) = listen(self._config.control, 1, key="`listen` under [control]")
            try:
                asked = ReloadSocket.at(self._state.supervisor)
            except OSError as error:
                raise StranglerError(
                    f"{self._state.supervisor} cannot be listened on: {error.strerror or error}. Name another state"
                    " folder as `dir` under [state] in strangler.toml."
                ) from error
            with self._closing(sockets, control, asked):
                yield sockets, control, asked
        finally:
            for each in sockets:
                each.close()

    @contextmanager
    def _closing(self, sockets: list[socket.socket], control: socket.socket, asked: ReloadSocket) -> Iterator[None]:
        # The list itself, for a reload may put more into it.
        try:
            yield
        finally:
            asked.close()
            self._state.supervisor.unlink(missing_ok=True)
            for each in (control, *sockets):
                each.close()

    @contextmanager
    def _awake(self) -> Iterator[int]:
        # Signals write to a pipe on which the loop sleeps: none is lost between a look and the sleep after it.
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        before = {number: signal.signal(number, self._on_signal) for number in HEEDED}
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        # After a take-over they have been waiting.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reading)
            os.close(writing)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGUSR2:
            self._program_wanted = True
        if number == signal.SIGHUP:
            if not self._terminal or os.isatty(0):
                self._hung_up = True
                return
            # The terminal that it was started in is gone: then it means what it says.
            number = signal.SIGTERM
        if number in _STOPPING:
            now = time.monotonic()
            if self._signals and now - self._asked_at < _ONE_WISH_SECONDS:
                return
            self._asked_at = now
            self._signals += 1
            if self._signals == 1:
                _log.info("%s: draining; once more forces the end", signal.Signals(number).name)


def _processes(child: Child) -> list[Process]:
    return [*child.leaving, *([] if child.process is None else [child.process])]
