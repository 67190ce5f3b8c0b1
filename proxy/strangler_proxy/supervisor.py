"""The supervisor: holds the listening sockets, starts control plane and workers, and starts them again when they die.

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
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Final

from strangler import __version__
from strangler.errors import ConfigError, Problem, SnapshotError, StranglerError
from strangler.toggles import read_snapshot
from strangler_proxy.child import Adopted, Child, Process
from strangler_proxy.config.reader import load_config
from strangler_proxy.config.values import Address, Config
from strangler_proxy.crew import Crew
from strangler_proxy.handover import VERSION, ChildHanded, Handover
from strangler_proxy.listener_tls import tls_problems
from strangler_proxy.proof import Proof
from strangler_proxy.reload_socket import PROGRAM, Asker, ReloadSocket
from strangler_proxy.reloading import Outcome, unchangeable
from strangler_proxy.rollover import Phase, Rollover
from strangler_proxy.secret import keep_secret, token_from
from strangler_proxy.sockets import address_of, listen, more, renewed
from strangler_proxy.state import StateDir
from strangler_proxy.store import open_store
from strangler_proxy.subject_key import SubjectKey

__all__ = ["CONTROL_SECONDS", "DRAIN_SECONDS", "LAUNCHER", "Started", "Supervisor"]

# -P: what happens to lie in the working folder must not be imported in our name.
LAUNCHER: Final = (sys.executable, "-P", "-m", "strangler_proxy")
DRAIN_SECONDS: Final = 20.0
CONTROL_SECONDS: Final = 8.0
# Ctrl-C reaches the terminal's whole group, and what we were started by may pass it on: twice at once counts once.
_ONE_WISH_SECONDS: Final = 0.3
# So many deaths in a row, and a worker's socket is no longer kept open for its replacement.
_HOPELESS: Final = 3
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
_HEEDED: Final = (*_STOPPING, signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD)
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


class Supervisor:
    """Runs the proxy of one configuration file. One at a time for each state folder.

    `launcher` is the command that, with `control` or `worker` and their options, is one of the proxy's processes.
    """

    def __init__(self, config: Config, *, launcher: Sequence[str] = LAUNCHER) -> None:
        self._config = config
        self._launcher = launcher
        self._state = StateDir.of(config)
        self._sockets: list[socket.socket] = []
        self._control: socket.socket
        self._crew: Crew
        self._key: SubjectKey
        self._rollover: Rollover | None = None
        self._leaving: list[Process] = []
        self._asked: ReloadSocket
        self._askers: list[Asker] = []
        self._reload_began = 0.0
        self._signals = 0
        self._asked_at = 0.0
        self._hung_up = False
        self._program_wanted = False
        self._proof: Proof | None = None
        self._by_program = False
        self._lock: IO[str]
        self._terminal = os.isatty(0)

    def run(self, on_started: Callable[[Started], None] = lambda _: None) -> None:
        """Serve until SIGTERM or SIGINT; a second one forces the end. SIGHUP reloads. Main thread only.

        `on_started` is called once the addresses are known. Raises StranglerError when the proxy cannot be started:
        an address in use, a state folder that another supervisor works on, a secret that others can read.
        """
        # Asked for here, so that a mistake is told at once and not by a child that dies again and again.
        open_store(self._config)
        problems = tls_problems(self._config)
        if problems:
            raise ConfigError(problems)
        given = token_from(os.environ) is not None
        self._state.create()
        with self._alone(), self._listening(), self._awake() as wakeup:
            if not given:
                keep_secret(self._state.token)
            self._key = SubjectKey(self._state.subject_key)
            addresses = {"listen": address_of(self._sockets[0]), "control": address_of(self._control)}
            # Children read this copy: what is edited in the file counts from the next reload on, for all at once.
            self._state.write(self._state.accepted, self._config.text)
            self._state.write_addresses({name: str(address) for name, address in addresses.items()})
            self._state.reloaded.unlink(missing_ok=True)
            self._crew = Crew.of(self._config, self._state.accepted, self._sockets, self._control, held=False)
            try:
                self._start_due()
                on_started(
                    Started(
                        listen=addresses["listen"],
                        control=addresses["control"],
                        state=self._state,
                        workers=self._config.workers,
                        revision=self._revision(),
                        token=None if given else self._state.token,
                        scheme="http" if self._config.tls is None else "https",
                    )
                )
                self._serve(wakeup)
            finally:
                self._end_all(wakeup)
                self._state.addresses.unlink(missing_ok=True)

    def take_over(self, handed: Handover) -> None:
        """Go on with what an older version of the program has handed over, then reload the file.

        The configuration is the one in force there. What is under way goes on; otherwise as `run`.
        """
        self._lock = os.fdopen(handed.lock, "r+", encoding="ascii")
        self._sockets = [_inherited(each) for each in handed.sockets]
        self._control = _inherited(handed.control)
        self._asked = ReloadSocket(_inherited(handed.asked))
        self._askers = [Asker(_inherited(each), "program") for each in handed.askers]
        self._leaving = [Adopted(pid) for pid in handed.leaving]
        self._crew = Crew.of(self._config, self._state.accepted, self._sockets, self._control, held=False)
        self._key = SubjectKey(self._state.subject_key)
        known = {child.name: child for child in self._crew.children}
        for each in handed.children:
            _adopt(known[each.name], each, [*self._sockets, self._control])
        with self._lock, self._closing(), self._awake() as wakeup:
            try:
                _log.info("strangler %s has taken over from %s", __version__, handed.program)
                self._by_program = True
                self._begin_reload()
                self._serve(wakeup)
            finally:
                self._end_all(wakeup)
                self._state.addresses.unlink(missing_ok=True)
                self._lock.truncate(0)

    def _serve(self, wakeup: int) -> None:
        while not self._signals:
            self._wait(wakeup)
            self._bury()
            if not self._signals:
                self._key.look()
                self._reload()
                self._start_due()
        # Ours are closed first, so that nobody is queued for workers that take no more.
        for each in (*self._sockets, self._control):
            each.close()

    def _wait(self, wakeup: int) -> None:
        now = time.monotonic()
        waiting = [child.due - now for child in self._crew.children if child.process is None]
        watched = [child.tie.fileno() for child in self._watched() if child.tie is not None]
        # Silence, time limits and files make no noise: somebody has to look.
        self._sleep(wakeup, min([*waiting, _LOOK_SECONDS]), [*watched, *self._asked.descriptors()])

    def _watched(self) -> list[Child]:
        return [*self._crew.children, *(self._rollover.ties if self._rollover is not None else [])]

    def _start_due(self) -> None:
        if any(child.process is None for child in self._crew.children):
            # What is started reads it, and would make another.
            self._key.look(at_once=True)
        for child in self._crew.children:
            child.start_if_due(self._launcher)

    def _bury(self) -> None:
        self._leaving = [process for process in self._leaving if process.poll() is None]
        for child in self._crew.children:
            if child.has_left():
                continue
            if child.silent is not None and child.process is not None and child.silent > self._config.hang_timeout > 0:
                _log.error(
                    "%s (pid %d) has not been heard for %.3g s: killed", child.name, child.process.pid, child.silent
                )
                child.process.kill()
                child.silent = 0.0
            if child.has_died() and child.deaths == _HOPELESS and child is not self._crew.control:
                self._close_queue(child)

    def _close_queue(self, child: Child) -> None:
        """Customers in this queue would wait for nobody. The others take them until a worker here listens again."""
        if len(self._crew.workers) < 2 or self._rollover is not None:
            return
        shared = [each for other in self._crew.workers if other is not child for each in other.listening]
        for place, each in enumerate(child.listening):
            if each not in shared:
                number = self._sockets.index(each)
                child.listening[place] = self._sockets[number] = renewed(each)
        _log.error("%s gets no connections until it lives", child.name)

    def _reload(self) -> None:
        self._asked.hear()
        rollover = self._rollover
        if rollover is not None:
            before = rollover.phase
            rollover.step()
            self._leaving += rollover.leaving
            rollover.leaving = []
            if before in (Phase.STARTING, Phase.JOINING) and rollover.phase in (Phase.CONTROL, Phase.DONE):
                self._accept(rollover.new)
            if rollover.phase is Phase.FAILED:
                self._rollover = None
                self._close_surplus()
                self._tell(self._outcome(False, f"{rollover.failure}. Everything goes on as it was; the log says why."))
            elif rollover.phase is Phase.DONE:
                self._rollover = None
                self._tell(self._outcome(True, f"{self._config.path} is in force."))
        if self._proof is not None:
            verdict = self._proof.verdict()
            if verdict is None:
                return
            self._proof = None
            if verdict:
                self._refuse(f"The program as it is installed now cannot take over: {verdict}")
            else:
                self._replace_program()
        if self._rollover is None:
            self._askers = self._asked.waiting()
            program = self._program_wanted or any(asker.wish == PROGRAM for asker in self._askers)
            reload = self._hung_up or bool(self._askers)
            self._program_wanted = self._hung_up = False
            self._by_program = program
            if program:
                self._begin_proof()
            elif reload:
                self._begin_reload()

    def _begin_proof(self) -> None:
        self._reload_began = time.monotonic()
        command = [*self._launcher, "serve", "--config", str(self._config.path), "--prove"]
        try:
            self._proof = Proof(command, self._handover().to_text(), self._state.path)
        except OSError as error:
            self._refuse(f"The program as it is installed now cannot be started: {error.strerror or error}.")

    def _handover(self) -> Handover:
        places = {id(each): place for place, each in enumerate([*self._sockets, self._control])}
        return Handover(
            version=VERSION,
            program=__version__,
            lock=self._lock.fileno(),
            sockets=tuple(each.fileno() for each in self._sockets),
            control=self._control.fileno(),
            asked=self._asked.listening.fileno(),
            askers=tuple(asker.connection.fileno() for asker in self._askers),
            children=tuple(
                ChildHanded(
                    name=child.name,
                    words=child.words,
                    pid=None if child.process is None else child.process.pid,
                    tie=None if child.tie is None else child.tie.fileno(),
                    sockets=tuple(places[id(each)] for each in child.listening),
                    serving=child.serving,
                    deaths=child.deaths,
                    leaving=tuple(process.pid for process in child.leaving),
                )
                for child in self._crew.children
            ),
            leaving=tuple(process.pid for process in self._leaving),
        )

    def _replace_program(self) -> None:
        """Become the program as it is installed now, in this same process; come back only if that cannot be started."""
        self._key.look(at_once=True)
        self._askers += self._asked.waiting()
        handed = self._handover()
        ties = [child.tie for child in handed.children if child.tie is not None]
        kept = [handed.lock, *handed.sockets, handed.control, handed.asked, *handed.askers, *ties]
        with tempfile.TemporaryFile("w", dir=self._state.path, encoding="utf-8") as document:
            document.write(handed.to_text())
            document.seek(0)
            kept.append(document.fileno())
            command = [*self._launcher, "serve", "--config", str(self._config.path)]
            # Until the new program listens to signals, they wait.
            signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
            for descriptor in kept:
                os.set_inheritable(descriptor, True)
            try:
                os.execv(command[0], [*command, "--taken-over", str(document.fileno())])  # noqa: S606 - our own command
            except OSError as error:
                for descriptor in kept:
                    os.set_inheritable(descriptor, False)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)
                self._refuse(f"The program as it is installed now cannot be started: {error.strerror or error}.")

    def _begin_reload(self) -> None:
        self._reload_began = time.monotonic()
        try:
            self._key.look(at_once=True)
            wanted = load_config(self._config.path)
            problems = [*unchangeable(self._config, wanted), *tls_problems(wanted)]
            if problems:
                raise ConfigError(problems)
            self._sockets += more(self._sockets[0], wanted.workers - len(self._sockets))
            self._state.write(self._state.offered, wanted.text)
        except ConfigError as error:
            self._refuse(str(error), error.problems)
        except OSError as error:
            self._refuse(f"The reload could not be begun: {error.strerror or error}.")
        else:
            crew = Crew.of(wanted, self._state.offered, self._sockets, self._control, held=True)
            _log.info("reloading %s: %d workers", wanted.path, wanted.workers)
            self._rollover = Rollover(self._crew, crew, self._launcher)

    def _accept(self, crew: Crew) -> None:
        self._crew, self._config = crew, crew.config
        self._key.take_up()
        try:
            self._state.write(self._state.accepted, crew.config.text)
        except OSError as error:
            # Whoever is started again reads what was offered, which is the same.
            _log.error("%s cannot be written: %s", self._state.accepted, error.strerror or error)
            return
        crew.read_from(self._state.accepted)
        self._state.offered.unlink(missing_ok=True)

    def _close_surplus(self) -> None:
        """Let go of sockets that were opened for workers who did not come."""
        used = {id(each) for child in self._crew.workers for each in child.listening}
        for each in [each for each in self._sockets if id(each) not in used]:
            each.close()
            self._sockets.remove(each)

    def _refuse(self, message: str, problems: Sequence[Problem] = ()) -> None:
        self._tell(self._outcome(False, message, problems))

    def _outcome(self, ok: bool, message: str, problems: Sequence[Problem] = ()) -> Outcome:
        return Outcome(
            ok=ok,
            message=message,
            config=self._config.digest,
            workers=self._config.workers,
            version=__version__,
            program=self._by_program,
            seconds=time.monotonic() - self._reload_began,
            problems=tuple(problems),
        )

    def _tell(self, outcome: Outcome) -> None:
        if outcome.ok:
            _log.info("%s It took %.3g s.", outcome.message, outcome.seconds)
        else:
            _log.error("reload refused, and everything goes on as it was:\n%s", outcome.message)
        document = outcome.to_json()
        try:
            self._state.write_reloaded(document)
        except OSError as error:
            _log.error("%s cannot be written: %s", self._state.reloaded, error.strerror or error)
        askers, self._askers = self._askers, []
        for asker in askers:
            asker.tell(document)

    def _end_all(self, wakeup: int) -> None:
        rollover = self._rollover
        if rollover is not None:
            rollover.give_up("the proxy is ending")
            self._leaving += rollover.leaving
        if self._proof is not None:
            self._proof.close()
        self._refuse_the_rest()
        workers = [each for child in self._crew.workers for each in _processes(child)] + self._leaving
        self._end(workers, self._config.longest_drain, wakeup)
        self._end([each for child in self._crew.children for each in _processes(child)], CONTROL_SECONDS, wakeup)
        for child in self._crew.children:
            child.untie()
        _log.info("ended")

    def _refuse_the_rest(self) -> None:
        self._askers += self._asked.waiting()
        if self._askers:
            self._refuse("The proxy is ending.")

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
            self._lock = file
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        try:
            self._sockets = listen(self._config.listen, self._config.workers, key="`listen` under [proxy]")
            (self._control,) = listen(self._config.control, 1, key="`listen` under [control]")
            try:
                self._asked = ReloadSocket.at(self._state.supervisor)
            except OSError as error:
                raise StranglerError(
                    f"{self._state.supervisor} cannot be listened on: {error.strerror or error}. Name another state"
                    " folder as `dir` under [state] in strangler.toml."
                ) from error
            with self._closing():
                yield
        finally:
            for each in self._sockets:
                each.close()

    @contextmanager
    def _closing(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._asked.close()
            self._state.supervisor.unlink(missing_ok=True)
            for each in (self._control, *self._sockets):
                each.close()

    @contextmanager
    def _awake(self) -> Iterator[int]:
        # Signals write to a pipe on which the loop sleeps: none is lost between a look and the sleep after it.
        reading, writing = os.pipe()
        for end in (reading, writing):
            os.set_blocking(end, False)
        before = {number: signal.signal(number, self._on_signal) for number in _HEEDED}
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        # After a take-over they have been waiting.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)
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


def _inherited(descriptor: int) -> socket.socket:
    inherited = socket.socket(fileno=descriptor)
    inherited.set_inheritable(False)
    inherited.setblocking(False)
    return inherited


def _adopt(child: Child, handed: ChildHanded, sockets: Sequence[socket.socket]) -> None:
    child.listening = [sockets[place] for place in handed.sockets]
    child.process = None if handed.pid is None else Adopted(handed.pid)
    child.tie = None if handed.tie is None else _inherited(handed.tie)
    child.serving = child.ready = handed.serving
    child.deaths = handed.deaths
    child.leaving = [Adopted(pid) for pid in handed.leaving]


def _processes(child: Child) -> list[Process]:
    return [*child.leaving, *([] if child.process is None else [child.process])]
