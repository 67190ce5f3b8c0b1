"""A process that the supervisor keeps alive: started when it is due, started again when it dies."""

from __future__ import annotations

import logging
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

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

    `deaths` counts how often in a row it died soon after its start, `due` is when (monotonic) it may start next.
    """

    name: str
    words: tuple[str, ...]
    listening: socket.socket
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    deaths: int = 0
    due: float = field(default_factory=time.monotonic)

    def start_if_due(self, launcher: Sequence[str], *, life: int) -> None:
        """Start it if it does not run and its time has come. `life` is the pipe that closes when we die."""
        if self.process is not None or self.due > time.monotonic():
            return
        inherited = (self.listening.fileno(), life)
        command = [*launcher, *self.words, "--fd", str(inherited[0]), "--life", str(life)]
        self.began = time.monotonic()
        try:
            # A group of its own: Ctrl-C in the terminal reaches us alone, and we end the others in order.
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdin=subprocess.DEVNULL, pass_fds=inherited, process_group=0
            )
        except OSError as error:
            # No memory or no process to be had just now: no reason to end what runs.
            self._count_death()
            _log.error("%s cannot be started (%s); tried again in %.3g s", self.name, error, restart_delay(self.deaths))
            return
        _log.info("%s started (pid %d)", self.name, self.process.pid)

    def has_died(self) -> bool:
        """Whether it has died since it was started; if so it becomes due again, and the log tells."""
        if self.process is None or self.process.poll() is None:
            return False
        self._count_death()
        pid, how = self.process.pid, _how(self.process.returncode)
        self.process = None
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
