"""Secrets kept in files that only their owner can read."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from strangler.errors import ControlUnreachable, StranglerError

__all__ = ["keep_secret", "read_secret", "replace_secret", "token_from"]

_SHORTEST = 16


def keep_secret(path: Path) -> str:
    """The secret in `path`; made at random (256 bits) where there is none yet. Of several makers at once, one wins.

    Raises StranglerError as `read_secret` does.
    """
    if not path.exists():
        beside = _written(path, secrets.token_urlsafe(32))
        try:
            # Linked into place whole: nobody can read half a secret, and an existing one is never replaced.
            with suppress(FileExistsError):
                path.hardlink_to(beside)
        finally:
            beside.unlink()
    return read_secret(path)


def replace_secret(path: Path) -> str:
    """Put another random secret (256 bits) into `path`, whole or not at all, and give it.

    Raises StranglerError when it cannot be written; then the one before is there still.
    """
    secret = secrets.token_urlsafe(32)
    try:
        beside = _written(path, secret)
        try:
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise StranglerError(f"The secret {path} cannot be written: {error.strerror}. It is as it was.") from error
    return secret


def _written(path: Path, secret: str) -> Path:
    """A new file beside `path` with `secret` in it, on the disk."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        beside.unlink()
        raise
    return beside


def read_secret(path: Path) -> str:
    """The secret in `path`.

    Raises ControlUnreachable when nobody has made it yet, StranglerError when it cannot be read, is empty, or others
    may read it too.
    """
    try:
        with path.open(encoding="ascii") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read().strip()
    except FileNotFoundError:
        raise ControlUnreachable(
            f"No proxy has been started here yet: there is no {path}. Start one: `strangler serve`."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not ASCII"
        raise StranglerError(
            f"The secret {path} cannot be read: {why}. It belongs to the user that `strangler serve` runs as."
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StranglerError(
            f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}): it may be known. Delete it to have a new"
            f" one made at the next start, or, if you are sure, `chmod 600 {path}`."
        )
    if len(secret) < _SHORTEST:
        raise StranglerError(f"{path} holds no usable secret. Delete it to have a new one made at the next start.")
    return secret


def token_from(environment: Mapping[str, str]) -> str | None:
    """The control plane's token as the environment gives it, for containers that share no folder; None for none.

    Raises StranglerError for one that is too short to be a secret, or that a header cannot carry.
    """
    token = environment.get("STRANGLER_TOKEN", "").strip()
    if not token:
        return None
    if len(token) < _SHORTEST or not token.isascii() or not token.isprintable():
        raise StranglerError(
            f"STRANGLER_TOKEN is no usable secret: it should be one word of at least {_SHORTEST} letters and digits,"
            " such as `openssl rand -hex 32` gives."
        )
    return token
