"""Customers come first: who may wait interrupts nobody, and gives way."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from strangler_proxy.control.threads import Threads, aside
from strangler_proxy.priority import answer_soon, give_way, give_way_in_thread, interrupt_nobody

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")


def standing() -> tuple[int, int]:
    """The calling thread's policy and how nice it is."""
    return os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def within_a_thread(act: Callable[[], None]) -> tuple[int, int]:
    def run() -> tuple[int, int]:
        act()
        return standing()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(30)


def turn() -> int:
    """The calling thread's turn on the processor, in nanoseconds, as sched_getattr(2) has it."""
    attributes = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall({"x86_64": 315, "aarch64": 275}[platform.machine()], 0, attributes, 48, 0) == 0
    return int(struct.unpack("=IIQiIQQQ", attributes.raw)[5])


@pytest.mark.skipif(platform.machine() not in {"x86_64", "aarch64"}, reason="a call whose number is not known here")
def test_who_answers_soon_takes_short_turns_and_is_otherwise_as_before() -> None:
    def soon() -> tuple[int, int]:
        answer_soon()
        return turn(), standing()[1]

    with ThreadPoolExecutor(1) as pool:
        took, nice = pool.submit(soon).result(30)
    version = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
    assert took == (100_000 if version >= (6, 12) else 0)
    assert nice == standing()[1]
    assert within_a_thread(answer_soon) == standing()


def test_who_was_given_another_policy_keeps_it() -> None:
    def act() -> None:
        interrupt_nobody()
        answer_soon()

    assert within_a_thread(act)[0] == os.SCHED_BATCH


def test_who_interrupts_nobody_has_as_much_of_the_processor_as_before() -> None:
    policy, nice = standing()
    assert policy == os.SCHED_OTHER
    assert within_a_thread(interrupt_nobody) == (os.SCHED_BATCH, nice)
    assert standing() == (policy, nice)


@pytest.mark.parametrize("act", [give_way, give_way_in_thread])
def test_who_gives_way_is_nice_besides(act: Callable[[], None]) -> None:
    before = standing()
    assert within_a_thread(act) == (os.SCHED_BATCH, min(before[1] + 10, 19))
    assert standing() == before


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.shutdown()


def test_what_nobody_waits_for_is_done_in_threads_that_give_way_and_nothing_else_is(threads: Threads) -> None:
    with aside():
        assert threads.submit(standing).result(30)[0] == os.SCHED_BATCH
    assert threads.submit(standing).result(30) == standing()
