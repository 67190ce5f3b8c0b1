"""The proof that the program as it is installed now can take over, before anything is risked: it is started, reads the
configuration and the hand-over document, and says so."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

__all__ = ["Proof"]

_SECONDS: Final = 60.0
_MOST_SAID: Final = 16_000


class Proof:
    """The trial of `command`, which is given `document` to read. Raises OSError when it cannot be started."""

    def __init__(self, command: Sequence[str], document: str, folder: Path) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`
        self._until = time.monotonic() + _SECONDS
        with tempfile.TemporaryFile(dir=folder) as given:
            given.write(document.encode())
            given.seek(0)
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own command
                    [*command], stdin=given, stdout=self._said, stderr=self._said, process_group=0
                )
            except OSError:
                self._said.close()
                raise

    def verdict(self) -> str | None:
        """None while it is on trial, empty once it is proven, else why it is not, in its own words."""
        code = self._process.poll()
        if code is None:
            if time.monotonic() < self._until:
                return None
            self.close()
            return f"it was not ready within {_SECONDS:g} s"
        self._said.seek(0)
        said = self._said.read(_MOST_SAID).decode(errors="replace").strip()
        self.close()
        return "" if code == 0 else said or f"it ended with exit code {code}"

    def close(self) -> None:
        """End the trial."""
        if self._process.poll() is None:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self._said.close()
