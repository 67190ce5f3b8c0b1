"""Who gives way to whom where there is less processor time than is wanted: customers' requests come first."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from contextlib import suppress
from typing import Final

__all__ = ["answer_soon", "give_way", "give_way_in_thread", "interrupt_nobody"]

_NICE: Final = 10
_TURN_NANOSECONDS: Final = 100_000
# sched_setattr(2), which Python has no name for, by machine: for programs of 64 bits.
_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}


def answer_soon() -> None:
    """Have the calling thread get its turn on the processor soon whenever it is woken, by asking for short ones: of two
    that wait, Linux (6.12 and later) lets the one go first whose turn ends earlier, and interrupts who has a long one.
    What it gets in all stays the same. Does nothing where there is no such thing, or where somebody has chosen another
    policy for it.
    """
    if sys.platform != "linux" or platform.machine() not in _SCHED_SETATTR or sys.maxsize < 2**32:
        return
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    # struct sched_attr: size, policy, flags, nice, priority, runtime, deadline, period.
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = struct.pack("=IIQiIQQQ", 48, os.SCHED_OTHER, 0, nice, 0, _TURN_NANOSECONDS, 0, 0)
    ctypes.CDLL(None).syscall(_SCHED_SETATTR[platform.machine()], 0, attributes, 0)


def interrupt_nobody() -> None:
    """Have the calling thread, and those that it starts from now on, wait for the processor until who has it pauses,
    as a worker does after each request, and otherwise get as much of it as anybody: Linux's SCHED_BATCH, sched(7).

    Whoever is woken would else take the place of who woke it: of a worker that has told something, with customers
    waiting. Does nothing where there is no such thing, or where it is refused.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def give_way() -> None:
    """Let everybody else have the processor before this process, and interrupt nobody. On Linux each
    thread does so for itself, and those that it starts from then on."""
    interrupt_nobody()
    with suppress(OSError):
        os.nice(_NICE)


def give_way_in_thread() -> None:
    """The same for the calling thread alone, where a thread has a priority of its own: on Linux."""
    if sys.platform == "linux":
        give_way()
