"""Who leads among the processes of one machine: whoever has locked a file."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from urllib.parse import quote

from strangler.errors import StoreUnavailable

__all__ = ["FileLeader"]


class FileLeader:
    """Leads by locks on files beside `path`, which the system takes back when the process ends. Safe to share between
    threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._led: dict[str, int] = {}

    def lead(self, name: str) -> bool:
        """Whether we lead what `name` says, from now on if nobody did. Raises StoreUnavailable."""
        path = self._path.with_name(f"{self._path.name}.{quote(name, safe='')}.lock")
        with self._lock:
            try:
                if name in self._led:
                    if path.exists() and os.path.samestat(os.fstat(self._led[name]), path.stat()):
                        return True
                    # The file was taken away: somebody else may have locked its successor.
                    os.close(self._led.pop(name))
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BaseException:
                    os.close(handle)
                    raise
            except BlockingIOError:
                return False
            except OSError as error:
                raise StoreUnavailable(
                    f"The file {path} cannot be locked: {error.strerror}. Check that its folder exists and that this"
                    " user may write there."
                ) from error
            self._led[name] = handle
            return True

    def resign(self, name: str) -> None:
        """Lead no more."""
        with self._lock:
            if name in self._led:
                os.close(self._led.pop(name))

    def close(self) -> None:
        """Lead nothing any more."""
        with self._lock:
            while self._led:
                os.close(self._led.popitem()[1])
