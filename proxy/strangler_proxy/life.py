"""A child's tie to its supervisor: a pipe that closes when the supervisor dies, however it dies."""

from __future__ import annotations

import os
import signal
import threading
import time

__all__ = ["end_with_supervisor"]


def end_with_supervisor(pipe: int, *, grace_seconds: float) -> None:
    """From now on, end this process once `pipe` closes: SIGTERM at first, for good after `grace_seconds`."""

    def wait() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_seconds)
        os._exit(1)

    threading.Thread(target=wait, name="life", daemon=True).start()
