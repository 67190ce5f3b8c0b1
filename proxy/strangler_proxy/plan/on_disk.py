"""The plan in its file, read again when that has changed."""

from __future__ import annotations

import threading
from pathlib import Path

from strangler_proxy.plan.plan import Plan
from strangler_proxy.plan.reading import load_plan

__all__ = ["PlanOnDisk"]


class PlanOnDisk:
    """The plan in the file `path`, which need not be there. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int, int], Plan] | None = None

    @property
    def name(self) -> str:
        """What the plan's state is kept under."""
        return self.path.stem

    def load(self) -> Plan:
        """The plan as the file says it now. Raises ConfigError with every problem that was found."""
        with self._lock:
            mark = self._mark()
            if self._read is None or mark is None or self._read[0] != mark:
                self._read = None
                plan = load_plan(self.path)
                if mark is None:
                    return plan
                self._read = mark, plan
            return self._read[1]

    def _mark(self) -> tuple[int, int, int] | None:
        """What changes with the file; None where it cannot be asked."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
