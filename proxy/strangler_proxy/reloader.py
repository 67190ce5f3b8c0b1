"""Reloads, one after the other: of the configuration, and of the program."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from typing import Final

from strangler import __version__
from strangler.errors import ConfigError, Problem
from strangler_proxy.child import Child
from strangler_proxy.config.reader import load_config
from strangler_proxy.crew import Crew
from strangler_proxy.holdings import Holdings
from strangler_proxy.listener_tls import tls_problems
from strangler_proxy.proof import Proof
from strangler_proxy.reload_socket import PROGRAM, Asker, ReloadSocket
from strangler_proxy.reloading import Outcome, unchangeable
from strangler_proxy.rollover import Phase, Rollover
from strangler_proxy.sockets import more

__all__ = ["HEEDED", "Reloader"]

# The signals that a supervisor listens to.
HEEDED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD)

_TRACEBACK: Final = "Traceback (most recent call last):"

_log = logging.getLogger("strangler.supervisor")


class Reloader:
    """Changes what is `held` as those wish who ask on `asked`, or by `want`.

    `askers` wait for the reload that begins.
    """

    def __init__(self, held: Holdings, asked: ReloadSocket, askers: list[Asker] | None = None) -> None:
        self._held = held
        self._asked = asked
        self._askers = askers or []
        self._rollover: Rollover | None = None
        self._proof: Proof | None = None
        self._began = 0.0
        self._wanted = False
        self._program_wanted = False
        # Who waits at the beginning has been handed over with the program.
        self._by_program = bool(askers)

    @property
    def rolling(self) -> bool:
        """Whether new children stand beside the old ones."""
        return self._rollover is not None

    def want(self, *, program: bool = False) -> None:
        """Reload when what is under way is over; the program too if so."""
        self._wanted = True
        self._program_wanted = self._program_wanted or program

    def begin_with_program(self) -> None:
        """Reload the file as the last part of going over to this program."""
        self._by_program = True
        self.begin()

    def descriptors(self) -> list[int]:
        """What to wait for, to be read from."""
        ties: list[Child] = [] if self._rollover is None else self._rollover.ties
        return [*self._asked.descriptors(), *(child.tie.fileno() for child in ties if child.tie is not None)]

    def end(self) -> None:
        """Give up what is under way, and answer everybody: the proxy is ending."""
        if self._rollover is not None:
            self._rollover.give_up("the proxy is ending")
            self._held.leaving += self._rollover.leaving
        if self._proof is not None:
            self._proof.close()
        self._askers += self._asked.waiting()
        if self._askers:
            self._refuse("The proxy is ending.")

    def step(self) -> None:
        """Hear who asks, and go on with what is under way as far as it goes now."""
        self._asked.hear()
        rollover = self._rollover
        if rollover is not None:
            before = rollover.phase
            rollover.step()
            self._held.leaving += rollover.leaving
            rollover.leaving = []
            if before in (Phase.STARTING, Phase.JOINING) and rollover.phase in (Phase.CONTROL, Phase.DONE):
                self._accept(rollover.new)
            if rollover.phase is Phase.FAILED:
                self._rollover = None
                self._close_surplus()
                self._tell(self._outcome(False, f"{rollover.failure}. Everything goes on as it was; the log says why."))
            elif rollover.phase is Phase.DONE:
                self._rollover = None
                self._tell(self._outcome(True, f"{self._held.config.path} is in force."))
        if self._proof is not None:
            verdict = self._proof.verdict()
            if verdict is None:
                return
            self._proof = None
            if verdict:
                if _TRACEBACK in verdict:
                    _log.error("the program as it is installed now ended with this:\n%s", verdict)
                    verdict = f"{verdict.splitlines()[-1]}. The log has the whole of it."
                self._refuse(f"The program as it is installed now cannot take over: {verdict}")
            else:
                self._replace_program()
        if self._rollover is None:
            self._askers = self._asked.waiting()
            program = self._program_wanted or any(asker.wish == PROGRAM for asker in self._askers)
            reload = self._wanted or bool(self._askers)
            self._program_wanted = self._wanted = False
            self._by_program = program
            if program:
                self._begin_proof()
            elif reload:
                self.begin()

    def _begin_proof(self) -> None:
        self._began = time.monotonic()
        command = [*self._held.launcher, "serve", "--config", str(self._held.config.path), "--prove"]
        try:
            self._proof = Proof(command, self._held.handed(self._asked, self._askers).to_text(), self._held.state.path)
        except OSError as error:
            self._refuse(f"The program as it is installed now cannot be started: {error.strerror or error}.")

    def _replace_program(self) -> None:
        """Become the program as it is installed now, in this same process; come back only if that cannot be started."""
        self._held.key.look(at_once=True)
        self._askers += self._asked.waiting()
        handed = self._held.handed(self._asked, self._askers)
        ties = [child.tie for child in (*handed.children, *handed.comparers) if child.tie is not None]
        kept = [handed.lock, *handed.sockets, handed.control, handed.asked, *handed.askers, *ties]
        with tempfile.TemporaryFile("w", dir=self._held.state.path, encoding="utf-8") as document:
            document.write(handed.to_text())
            document.seek(0)
            kept.append(document.fileno())
            command = [*self._held.launcher, "serve", "--config", str(self._held.config.path)]
            # Until the new program listens to signals, they wait.
            signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
            for descriptor in kept:
                os.set_inheritable(descriptor, True)
            try:
                os.execv(command[0], [*command, "--taken-over", str(document.fileno())])  # noqa: S606 - our own command
            except OSError as error:
                for descriptor in kept:
                    os.set_inheritable(descriptor, False)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
                self._refuse(f"The program as it is installed now cannot be started: {error.strerror or error}.")

    def begin(self) -> None:
        """Reload the file."""
        self._began = time.monotonic()
        try:
            self._held.key.look(at_once=True)
            wanted = load_config(self._held.config.path)
            problems = [*unchangeable(self._held.config, wanted), *tls_problems(wanted)]
            if problems:
                raise ConfigError(problems)
            self._held.sockets += more(self._held.sockets[0], wanted.workers - len(self._held.sockets))
            self._held.state.write(self._held.state.offered, wanted.text)
        except ConfigError as error:
            self._refuse(str(error), error.problems)
        except OSError as error:
            self._close_surplus()
            self._refuse(f"The reload could not be begun: {error.strerror or error}.")
        else:
            crew = Crew.of(wanted, self._held.state.offered, self._held.sockets, self._held.control, held=True)
            _log.info("reloading %s: %d workers", wanted.path, wanted.workers)
            self._rollover = Rollover(self._held.crew, crew, self._held.launcher)

    def _accept(self, crew: Crew) -> None:
        self._held.crew, self._held.config = crew, crew.config
        self._held.key.take_up()
        try:
            self._held.state.write(self._held.state.accepted, crew.config.text)
        except OSError as error:
            # Whoever is started again reads what was offered, which is the same.
            _log.error("%s cannot be written: %s", self._held.state.accepted, error.strerror or error)
            return
        crew.read_from(self._held.state.accepted)
        self._held.state.offered.unlink(missing_ok=True)

    def _close_surplus(self) -> None:
        """Let go of sockets that were opened for workers who did not come."""
        used = {id(each) for child in self._held.crew.workers for each in child.listening}
        for each in [each for each in self._held.sockets if id(each) not in used]:
            each.close()
            self._held.sockets.remove(each)

    def _refuse(self, message: str, problems: Sequence[Problem] = ()) -> None:
        self._tell(self._outcome(False, message, problems))

    def _outcome(self, ok: bool, message: str, problems: Sequence[Problem] = ()) -> Outcome:
        return Outcome(
            ok=ok,
            message=message,
            config=self._held.config.digest,
            workers=self._held.config.workers,
            version=__version__,
            program=self._by_program,
            seconds=time.monotonic() - self._began,
            problems=tuple(problems),
        )

    def _tell(self, outcome: Outcome) -> None:
        if outcome.ok:
            _log.info("%s It took %.3g s.", outcome.message, outcome.seconds)
        else:
            _log.error("reload refused, and everything goes on as it was:\n%s", outcome.message)
        document = outcome.to_json()
        try:
            self._held.state.write_reloaded(document)
        except OSError as error:
            _log.error("%s cannot be written: %s", self._held.state.reloaded, error.strerror or error)
        askers, self._askers = self._askers, []
        for asker in askers:
            asker.tell(document)
