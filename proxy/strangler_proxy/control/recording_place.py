"""Whether a recording may be written where somebody wants it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from strangler.errors import RecordingError
from strangler.recording.recording import Format, format_of
from strangler_proxy.control.asked import BadInput

__all__ = ["prepare"]


def prepare(path: Path, *, force: bool) -> None:
    """See that this process could begin a recording at `path`, and with `force` take away the one that is there.

    Nothing but a recording is ever taken away. Raises BadInput.
    """
    folder = path.parent
    if not folder.is_dir():
        raise BadInput(f"file: there is no folder {folder}. Make it, or name a file in another one.", "file")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(
            f"file: the proxy may not write in {folder}. Name a folder that its user ({_user()}) may write in.", "file"
        )
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadInput(f"file: {path} cannot be looked at: {error.strerror}.", "file") from error
    if not stat.S_ISREG(kind):
        raise BadInput(f"file: {path} is there and is no file. Name another one.", "file")
    if not force:
        raise BadInput(f"file: {path} is there already. Name another one, or replace it with force.", "file")
    if not _is_recording(path):
        raise BadInput(f"file: {path} is there and is no recording, so it is not replaced. Name another one.", "file")
    try:
        path.unlink()
    except OSError as error:
        raise BadInput(f"file: {path} cannot be replaced: {error.strerror}.", "file") from error


def _is_recording(path: Path) -> bool:
    try:
        return path.stat().st_size == 0 or format_of(path) is Format.RECORDING
    except (OSError, RecordingError):
        return False


def _user() -> str:
    return f"uid {os.geteuid()}"
