"""A child's tie to its supervisor: a pair of sockets, each end of which closes when its process dies, however."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from typing import Final

__all__ = ["LEAVING", "end_with_supervisor", "tell_leaving"]

# What a child says when it takes no more connections and ends by itself.
LEAVING: Final = b"l"


def end_with_supervisor(tie: int, *, grace_seconds: float) -> None:
    """From now on, end this process once the other end of `tie` closes: SIGTERM at first, for good after
    `grace_seconds`."""

    def wait() -> None:
        os.read(tie, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_seconds)
        os._exit(1)

    threading.Thread(target=wait, name="life", daemon=True).start()


def tell_leaving(tie: int) -> None:
    """Tell the supervisor that this process has stopped accepting, so that another can take its place at once."""
    # A supervisor that is gone is told nothing, and nobody is to take the place.
    with suppress(OSError):
        os.write(tie, LEAVING)
