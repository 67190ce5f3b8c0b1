"""The heaps that the threads of a process take their memory from."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

__all__ = ["share_heaps"]

_MOST_HEAPS: Final = 2
# <malloc.h> of glibc.
_M_ARENA_MAX: Final = -8


def share_heaps() -> None:
    """Have all threads of this process take their memory from two heaps.

    glibc gives threads up to eight heaps a processor, and a heap keeps room for the most that was ever wanted of it:
    with many threads that have a turn now and then, room for many times what is in use at any moment, which goes on
    growing for hours.

    To be called before there are threads. Does nothing where the C library is another one, or where the environment
    says how memory is to be had: `MALLOC_…` or `GLIBC_TUNABLES`.
    """
    if sys.platform != "linux" or any(name == "GLIBC_TUNABLES" or name.startswith("MALLOC_") for name in os.environ):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_M_ARENA_MAX, _MOST_HEAPS)
