"""From one crew to the next without a customer's noticing: the new are ready before the old let go.

1. Everybody new is started, reads the configuration, and waits, while the old serve.
2. When all are ready, the new workers begin to serve, beside the old, on the same sockets, with comparers of their own.
3. When all of them serve, the old workers accept no more and end what they have begun; the control planes change.

Until 3, whatever goes wrong ends the new ones, and everything is as it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import Enum
from typing import Final

from strangler_proxy.child import Child, Process
from strangler_proxy.crew import Crew

__all__ = ["Phase", "Rollover"]

_START_SECONDS: Final = 60.0
_SERVE_SECONDS: Final = 15.0
_CONTROL_SECONDS: Final = 8.0


class Phase(Enum):
    """How far a rollover has come. In FAILED nothing has changed, in the last two the new workers serve alone."""

    STARTING = "starting"
    JOINING = "joining"
    FAILED = "failed"
    CONTROL = "control"
    DONE = "done"


class Rollover:
    """The change from `old` to `new`. `step` is called whenever something may have happened, until it has ended.

    `leaving` are processes that end by themselves; `failure` says why a rollover failed. The control plane of today is
    in `control` while it ends.
    """

    def __init__(self, old: Crew, new: Crew, launcher: Sequence[str]) -> None:
        self.old = old
        self.new = new
        self.phase = Phase.STARTING
        self.failure = ""
        self.leaving: list[Process] = []
        self._control: Process | None = None
        self._until = time.monotonic() + _START_SECONDS
        for child in new.children:
            child.start_if_due(launcher)

    @property
    def ties(self) -> list[Child]:
        """The children whose words this rollover waits for."""
        return self.new.children if self.phase in (Phase.STARTING, Phase.JOINING) else []

    @property
    def until(self) -> float:
        """When (monotonic) patience ends."""
        return self._until

    def step(self) -> None:
        """Go as far as it goes now."""
        if self.phase is Phase.STARTING and self._all(self.new.children, "ready"):
            self._next(Phase.JOINING, _SERVE_SECONDS)
            for child in (*self.new.comparers, *self.new.workers):
                child.release()
        if self.phase is Phase.JOINING and self._all(self.new.workers, "serving"):
            self._next(Phase.CONTROL, _CONTROL_SECONDS)
            # The comparers end when the last of their workers has.
            for child in (*self.old.workers, *self.old.comparers):
                self._retire(child)
            self._control = self._retire(self.old.control)
        if self.phase is Phase.CONTROL:
            self._change_control()

    def give_up(self, why: str) -> None:
        """End the new ones, if the old still serve."""
        if self.phase in (Phase.STARTING, Phase.JOINING):
            self.failure = why
            for child in self.new.children:
                self._retire(child)
            self.phase = Phase.FAILED

    def _all(self, children: list[Child], said: str) -> bool:
        for child in children:
            child.has_left()
            if child.process is None or child.has_died():
                self.give_up(f"{child.name} of the new configuration ended before it was {said}")
                return False
        if all(getattr(child, said) for child in children):
            return True
        if time.monotonic() > self._until:
            late = ", ".join(child.name for child in children if not getattr(child, said))
            self.give_up(f"{late} of the new configuration was not {said} in time")
        return False

    def _change_control(self) -> None:
        # One at a time: two would each push their own snapshot to their own workers.
        control = self._control
        if control is not None and control.poll() is None:
            if time.monotonic() > self._until:
                control.kill()
            return
        self.new.control.release()
        self._control = None
        self.phase = Phase.DONE

    def _next(self, phase: Phase, seconds: float) -> None:
        self.phase = phase
        self._until = time.monotonic() + seconds

    def _retire(self, child: Child) -> Process | None:
        process = child.retire()
        self.leaving += [*child.leaving, *([] if process is None else [process])]
        child.leaving = []
        return process
