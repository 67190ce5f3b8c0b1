"""The file of the compare rules on this machine: read, and written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from strangler.errors import ConfigError, Problem, StranglerError
from strangler_proxy.config.shadow_table import RULES
from strangler_proxy.config.values import Config

__all__ = ["RulesChanged", "RulesFile", "RulesText"]

_NEW_MODE: Final = 0o644


class RulesChanged(Exception):
    """The file is not what it was when it was looked at. It becomes a 409, and stays in the API."""


@dataclass(frozen=True, slots=True)
class RulesText:
    """What the file holds. `digest` tells one text from another, in twelve hex digits; it is empty where there is no
    file yet."""

    text: str
    digest: str


class RulesFile:
    """The file that the configuration names, or its default place beside the configuration."""

    def __init__(self, config: Config) -> None:
        self.path = (config.shadow.rules or config.path.parent / RULES).absolute()

    def read(self) -> RulesText:
        """The text as it stands. Raises ConfigError where it cannot be read."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return RulesText("", "")
        except OSError as error:
            raise self._unreadable(
                f"cannot be read: {error.strerror}", "Check the path and its permissions."
            ) from error
        try:
            return RulesText(content.decode(), _digest(content))
        except UnicodeDecodeError as error:
            raise self._unreadable("is not UTF-8", "Save it as UTF-8.") from error

    def write(self, text: str, *, expected: str) -> RulesText:
        """Put `text` in the place of the one with the digest `expected`; gives what is there now.

        Owner and permissions of the file stay, and a link stays one. Raises RulesChanged where something else
        stands there, StranglerError where it cannot be written; then nothing was changed.
        """
        content = text.encode()
        # What the link leads to is replaced, and not the link.
        target = self.path.resolve()
        try:
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        except OSError as error:
            raise self._unwritable(error) from error
        made = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            self._like(target, made)
            # As late as can be: somebody may be editing it.
            if self.read().digest != expected:
                raise RulesChanged
            made.replace(target)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            made.unlink(missing_ok=True)
        return RulesText(text, _digest(content))

    @staticmethod
    def _like(target: Path, made: Path) -> None:
        try:
            status = target.stat()
        except FileNotFoundError:
            made.chmod(_NEW_MODE)
            return
        made.chmod(status.st_mode & 0o7777)
        # Whoever is not root can give nothing away, and keeps what is their own.
        with suppress(PermissionError):
            os.chown(made, status.st_uid, status.st_gid)

    def _unreadable(self, wrong: str, right: str) -> ConfigError:
        return ConfigError([Problem(str(self.path), None, "", wrong, right)])

    def _unwritable(self, error: OSError) -> StranglerError:
        return StranglerError(
            f"{self.path} cannot be written: {error.strerror}. Let the user of `strangler serve` write it and its"
            " folder, or put the patch into it by hand."
        )


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:12]
