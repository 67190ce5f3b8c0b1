"""Logging of the proxy's processes: one line an event on stderr, with the time and the process."""

from __future__ import annotations

import logging
import os
import select
from typing import Final

__all__ = ["log_to_stderr"]

# A pipe that can be written to takes so much without waiting.
_AT_ONCE: Final = select.PIPE_BUF
# The process's own: what stands in for sys.stderr need not be a file.
_STANDARD_ERROR: Final = 2


class _Unwaiting(logging.Handler):
    """Writes to `descriptor` what that takes at once. A reader that stands still costs lines, whose number stands
    before the next one that is written, and holds nobody up: least of all a worker, and with it its customers."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
        except Exception:
            self.handleError(record)
            return
        if self._lost:
            text = f"{self._lost} lines were lost here, for nobody took them\n{text}"
        if self._written(f"{text}\n".encode("utf-8", "backslashreplace")):
            self._lost = 0
        else:
            self._lost += 1

    def _written(self, data: bytes) -> bool:
        try:
            while data:
                if not self._poll.poll(0):
                    return False
                data = data[os.write(self._descriptor, data[:_AT_ONCE]) :]
        except OSError:
            # Nobody reads it any more.
            return False
        return True


def log_to_stderr(process: str) -> None:
    """Log what happens in this process, called `process` in every line."""
    logging.basicConfig(
        handlers=[_Unwaiting(_STANDARD_ERROR)],
        level=logging.INFO,
        format=f"%(asctime)s %(levelname)s {process}: %(message)s",
        force=True,
    )
    # uvicorn's own words repeat what ours say.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # httpx would write down each address that it asks, and that of a webhook is a secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)
