"""What one thread had and gave back is there for the next."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="other C libraries have other heaps"),
]

# Ten threads that have something at the same time.
_PROGRAM = """
import ctypes, sys, threading
from strangler_proxy.heaps import share_heaps
if "share" in sys.argv:
    share_heaps()
together = threading.Barrier(11)
def hold():
    held = bytearray(10_000)
    together.wait()
    together.wait()
for _ in range(10):
    threading.Thread(target=hold).start()
together.wait()
library = ctypes.CDLL(None)
library.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(library.fdopen(1, b"w"))
library.malloc_info(0, out)
library.fflush(out)
together.wait()
"""


def heaps(*words: str, **environment: str) -> int:
    """How many heaps a process had."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *words],
        env={**others, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    return told.count("<heap nr=")


def test_threads_share_two_heaps() -> None:
    assert heaps() > 2, "else there is nothing to be shared"
    assert heaps("share") <= 2


@pytest.mark.parametrize(
    "chosen",
    [{"MALLOC_ARENA_MAX": "4"}, {"GLIBC_TUNABLES": "glibc.malloc.arena_max=4"}],
    ids=lambda each: next(iter(each)),
)
def test_what_the_environment_says_of_memory_counts(chosen: dict[str, str]) -> None:
    assert heaps("share", **chosen) == 4
