"""A process that the supervisor keeps alive: started when it is due, started again when it dies or leaves."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from strangler_proxy.life import LEAVING

__all__ = ["Child", "restart_delay"]

_LONGEST_DELAY: Final = 5.0
# A child that lived this long was well: its death starts counting anew.
_SETTLED_SECONDS: Final = 10.0

_log = logging.getLogger("strangler.supervisor")


def restart_delay(deaths: int) -> float:
    """Seconds to wait before a child is started again that died `deaths` times in a row soon after its start."""
    return 0.0 if deaths <= 1 else min(0.25 * 2.0 ** min(deaths - 2, 10), _LONGEST_DELAY)


@dataclass(slots=True)
class Child:
    """One process: its name for people, the words of its command, and the listening socket that it inherits.

    `deaths` counts how often in a row it died soon after its start, `due` is when (monotonic) it may start next. `tie`
    is our end of what ties it to us (see life.py); `leaving` are those before it that end what they have begun.
    """

    name: str
    words: tuple[str, ...]
    listening: socket.socket
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    deaths: int = 0
    due: float = field(default_factory=time.monotonic)
    tie: socket.socket | None = None
    leaving: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_if_due(self, launcher: Sequence[str]) -> None:
        """Start it if it does not run and its time has come."""
        if self.process is not None or self.due > time.monotonic():
            return
        self.began = time.monotonic()
        self.untie()
        try:
            self.process, self.tie = self._started(launcher)
        except OSError as error:
            # No memory or no process to be had just now: no reason to end what runs.
            self._count_death()
            _log.error("%s cannot be started (%s); tried again in %.3g s", self.name, error, restart_delay(self.deaths))
            return
        _log.info("%s started (pid %d)", self.name, self.process.pid)

    def _started(self, launcher: Sequence[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            inherited = (self.listening.fileno(), theirs.fileno())
            command = [*launcher, *self.words, "--fd", str(inherited[0]), "--life", str(inherited[1])]
            try:
                # A group of its own: Ctrl-C in the terminal reaches us alone, and we end the others in order.
                process = subprocess.Popen(  # noqa: S603 - our own command
                    command, stdin=subprocess.DEVNULL, pass_fds=inherited, process_group=0
                )
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        return process, ours

    def untie(self) -> None:
        """Let go of the tie: a process that still runs then ends, in order."""
        if self.tie is not None:
            self.tie.close()
            self.tie = None

    def has_left(self) -> bool:
        """Whether it said, since last asked, that it accepts no more; if so its place is free, and due at once."""
        self.leaving = [process for process in self.leaving if process.poll() is None]
        if self.tie is None or self.process is None:
            return False
        try:
            said = self.tie.recv(1)
        except BlockingIOError:
            return False
        except OSError:
            said = b""
        # Without a word the tie broke because it died: that is `has_died`'s, which makes it wait if it must.
        self.untie()
        if said != LEAVING:
            return False
        _log.info("%s (pid %d) accepts no more; another takes its place", self.name, self.process.pid)
        self.leaving.append(self.process)
        self.process = None
        self.due = time.monotonic()
        return True

    def has_died(self) -> bool:
        """Whether it has died since it was started; if so it becomes due again, and the log tells."""
        if self.process is None or self.process.poll() is None:
            return False
        self._count_death()
        pid, how = self.process.pid, _how(self.process.returncode)
        self.process = None
        self.untie()
        if self.deaths == 1:
            _log.warning("%s (pid %d) %s; it is started again at once", self.name, pid, how)
        else:
            _log.error(
                "%s (pid %d) %s, for the %d. time soon after its start; it is started again in %.3g s, its own words"
                " above say why",
                *(self.name, pid, how, self.deaths, restart_delay(self.deaths)),
            )
        return True

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
