"""Who gives way to whom where there is less processor time than is wanted: customers' requests come first."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Final

__all__ = ["give_way", "give_way_in_thread", "interrupt_nobody"]

_NICE: Final = 10


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
