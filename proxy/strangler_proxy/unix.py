"""Unix sockets whose path may be longer than the system's 100-odd bytes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["connect_unix", "listen_unix"]

# The smallest of the systems we know (macOS: 104 with the closing zero).
_LONGEST = 103


def listen_unix(path: Path) -> socket.socket:
    """A listening socket at `path` for this user only; takes the place of what lies there. Raises OSError."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        with _reachable(path) as name:
            listening.bind(name)
        listening.listen(128)
    except BaseException:
        listening.close()
        raise
    finally:
        os.umask(mask)
    listening.setblocking(False)
    return listening


def connect_unix(path: Path) -> socket.socket:
    """A socket connected to `path`, non-blocking from then on. Raises OSError."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # A Unix socket's connect waits only while the listener's queue is full.
        connected.settimeout(1.0)
        with _reachable(path) as name:
            connected.connect(name)
    except BaseException:
        connected.close()
        raise
    connected.setblocking(False)
    return connected


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
