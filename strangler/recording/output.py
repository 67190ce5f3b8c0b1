"""A file that is appended to by whole pieces: each is in it with all of its bytes, or not at all."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Final

__all__ = ["Output"]

_GZIP: Final = 16 + zlib.MAX_WBITS
_LEVEL: Final = 5


class Output:
    """A new file at `path`, which only its owner can read; packed by gzip where that is wanted.

    Raises OSError, also where there is a file already. `size` is in bytes as they stand on disk.
    """

    def __init__(self, path: Path, *, packed: bool) -> None:
        self.size = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP) if packed else None

    def append(self, piece: bytes) -> None:
        """Write a piece. Raises OSError, and then the file is as it was before."""
        packer = self._packer
        if packer is None:
            self._write(piece)
            return
        attempt = packer.copy()
        # The end of a block: all up to here can be unpacked, whatever happens to what comes next.
        self._write(attempt.compress(piece) + attempt.flush(zlib.Z_SYNC_FLUSH))
        self._packer = attempt

    def close(self) -> None:
        """End the file. What a full disk leaves out then is only the mark of a packed file's end."""
        try:
            if self._packer is not None:
                self._write(self._packer.flush(zlib.Z_FINISH))
        except OSError:
            pass
        finally:
            os.close(self._descriptor)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(data)
