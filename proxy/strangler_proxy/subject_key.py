"""The key that signs the subject cookie, watched: workers hold it from their start; it must not change under them."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from strangler_proxy.subject import load_or_create_key

__all__ = ["SubjectKey"]

_LOOK_SECONDS: Final = 1.0

_log = logging.getLogger("strangler.supervisor")


class SubjectKey:
    """The key in the file at `path`, made where there is none. Raises SubjectKeyError as `load_or_create_key`.

    A worker that was started by another key would draw a canary's subjects anew, and sign cookies that the others take
    for forged. So a file that is gone is put back, and one that was changed is told of: it counts from a reload on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = load_or_create_key(path)
        self._looked = 0.0
        self._told = b""

    def take_up(self) -> None:
        """What lies in the file now is in force: all workers have been started by it."""
        with suppress(OSError):
            self._key = self._path.read_bytes()

    def look(self, *, at_once: bool = False) -> None:
        """See to the file, once a second at most unless `at_once`."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS and not at_once:
            return
        self._looked = now
        try:
            found = self._path.read_bytes()
        except FileNotFoundError:
            self._put_back()
            return
        except OSError as error:
            found = (error.strerror or "").encode()
        if found == self._key:
            self._told = b""
        elif found != self._told:
            self._told = found
            _log.error(
                "%s is another than the one in force. Bring the old one back; or `strangler reload`, and each"
                " subject of a canary is drawn anew",
                self._path,
            )

    def _put_back(self) -> None:
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self._key)
                    file.flush()
                    os.fsync(file.fileno())
                # Never over one that somebody brings back in this moment.
                with suppress(FileExistsError):
                    self._path.hardlink_to(name)
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            _log.error("%s was gone and cannot be put back: %s", self._path, error.strerror or error)
        else:
            _log.warning("%s was gone, and is put back as it was", self._path)
