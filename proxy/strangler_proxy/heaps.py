"""The heaps that the threads of a process take their memory from."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

__all__ = ["share_heaps"]

_MOST_HEAPS: Final = 2
_LARGE_BYTES: Final = 128 * 1024
# <malloc.h> of glibc.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8


def share_heaps() -> None:
    """Have all threads of this process take their memory from two heaps, and what is large from the system itself.

    glibc gives threads up to eight heaps a processor, and a heap keeps room for the most that was ever wanted of it:
    with many threads that have a turn now and then, room for many times what is in use at any moment, which goes on
    growing for hours. And it takes pieces of up to 32 MiB from the heaps once one of that size was given back.

    To be called before there are threads. Does nothing where the C library is another one, or where the environment
    says how memory is to be had: `MALLOC_…` or `GLIBC_TUNABLES`.
    """
    if sys.platform != "linux" or any(name == "GLIBC_TUNABLES" or name.startswith("MALLOC_") for name in os.environ):
        return
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return
    library.mallopt(_M_ARENA_MAX, _MOST_HEAPS)
    library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    library.mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
