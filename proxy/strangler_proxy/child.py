"""A process that the supervisor keeps alive: started when it is due, started again when it dies or leaves."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from strangler_proxy.life import BEAT, GO, LEAVING, READY, SERVING

__all__ = ["Adopted", "Child", "Process", "restart_delay"]

_LONGEST_DELAY: Final = 5.0
# A child that lived this long was well: its death starts counting anew.
_SETTLED_SECONDS: Final = 10.0
# A supervisor that slept for longer itself, stopped or suspended, cannot tell whose silence that was.
_LONGEST_LOOK: Final = 2.0

_log = logging.getLogger("strangler.supervisor")


def restart_delay(deaths: int) -> float:
    """Seconds to wait before a child is started again that died `deaths` times in a row soon after its start."""
    return 0.0 if deaths <= 1 else min(0.25 * 2.0 ** min(deaths - 2, 10), _LONGEST_DELAY)


class Process(Protocol):
    """A child process, ours from the start or taken over. `returncode` is None until `poll` has seen its end."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Adopted:
    """A child process that an older version of the program in this same process has started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, negative for the signal that killed it; None while it runs."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                # Nobody's child any more, so its end was seen before.
                self.returncode = 0
            else:
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        # Polled first: the number of one that has ended may be another's.
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(slots=True)
class Child:
    """One process: its name for people, the words of its command, and the listening sockets that it inherits.

    `deaths` counts how often in a row it died soon after its start, `due` is when (monotonic) it may start next. `tie`
    is our end of what ties it to us (see life.py); `leaving` are those before it that end what they have begun. One
    that is `held` makes everything ready and waits for `release` before it serves. `ready` and `serving` are what the
    present process has said; `silent` is for how many seconds it has not been heard, None for one that never beat.
    """

    name: str
    words: tuple[str, ...]
    listening: list[socket.socket]
    held: bool = False
    process: Process | None = None
    began: float = 0.0
    deaths: int = 0
    due: float = field(default_factory=time.monotonic)
    tie: socket.socket | None = None
    leaving: list[Process] = field(default_factory=list)
    ready: bool = False
    serving: bool = False
    silent: float | None = None
    _looked: float = 0.0

    def start_if_due(self, launcher: Sequence[str]) -> None:
        """Start it if it does not run and its time has come."""
        if self.process is not None or self.due > time.monotonic():
            return
        self.began = time.monotonic()
        self.untie()
        self.ready = self.serving = False
        self.silent = None
        try:
            self.process, self.tie = self._started(launcher)
        except OSError as error:
            # No memory or no process to be had just now: no reason to end what runs.
            self._count_death()
            _log.error("%s cannot be started (%s); tried again in %.3g s", self.name, error, restart_delay(self.deaths))
            return
        if not self.held:
            self._tell(GO)
        _log.info("%s started (pid %d)", self.name, self.process.pid)

    def _started(self, launcher: Sequence[str]) -> tuple[Process, socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            inherited = [each.fileno() for each in self.listening]
            command = [*launcher, *self.words, *(word for fd in inherited for word in ("--fd", str(fd)))]
            command += ["--life", str(theirs.fileno())]
            try:
                # A group of its own: Ctrl-C in the terminal reaches us alone, and we end the others in order.
                process = subprocess.Popen(  # noqa: S603 - our own command
                    command, stdin=subprocess.DEVNULL, pass_fds=[*inherited, theirs.fileno()], process_group=0
                )
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        return process, ours

    def release(self) -> None:
        """Let it serve, now and whenever it is started again."""
        self.held = False
        self._tell(GO)

    def retire(self) -> Process | None:
        """Tell the present process to end what it has begun, and keep it alive no more; None where there is none."""
        process, self.process = self.process, None
        self.due = float("inf")
        if process is not None:
            process.terminate()
        # Its own watch on the tie ends it for good, should it not end by itself.
        self.untie()
        return process

    def untie(self) -> None:
        """Let go of the tie: a process that still runs then ends, in order."""
        if self.tie is not None:
            self.tie.close()
            self.tie = None

    def has_left(self) -> bool:
        """Hear what it said since last asked. Whether that was that it accepts no more; if so it is due at once."""
        self.leaving = [process for process in self.leaving if process.poll() is None]
        if self.tie is None or self.process is None:
            return False
        said = self._heard(self.tie)
        if said is None:
            return False
        # Without a word the tie broke because it died: that is `has_died`'s, which makes it wait if it must.
        if LEAVING not in said:
            return False
        self.untie()
        _log.info("%s (pid %d) accepts no more; another takes its place", self.name, self.process.pid)
        self.leaving.append(self.process)
        self.process = None
        self.due = time.monotonic()
        return True

    def _heard(self, tie: socket.socket) -> bytes | None:
        now = time.monotonic()
        if self.silent is not None:
            self.silent += min(now - self._looked, _LONGEST_LOOK)
        self._looked = now
        try:
            said = tie.recv(65536)
        except BlockingIOError:
            return None
        except OSError:
            said = b""
        if not said:
            self.untie()
        self.ready = self.ready or READY in said
        self.serving = self.serving or SERVING in said
        if BEAT in said:
            self.silent = 0.0
        return said

    def has_died(self) -> bool:
        """Whether it has died since it was started; if so it becomes due again, and the log tells."""
        if self.process is None or self.process.poll() is None:
            return False
        self._count_death()
        pid, how = self.process.pid, _how(self.process.returncode or 0)
        self.process = None
        self.untie()
        if self.held:
            _log.error("%s (pid %d) %s before it was ready; its own words above say why", self.name, pid, how)
        elif self.deaths == 1:
            _log.warning("%s (pid %d) %s; it is started again at once", self.name, pid, how)
        else:
            _log.error(
                "%s (pid %d) %s, for the %d. time soon after its start; it is started again in %.3g s, its own words"
                " above say why",
                *(self.name, pid, how, self.deaths, restart_delay(self.deaths)),
            )
        return True

    def _tell(self, word: bytes) -> None:
        if self.tie is not None:
            with suppress(OSError):
                self.tie.send(word)

    def _count_death(self) -> None:
        now = time.monotonic()
        self.deaths = 1 if now - self.began > _SETTLED_SECONDS else self.deaths + 1
        self.due = now + restart_delay(self.deaths)


def _how(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
