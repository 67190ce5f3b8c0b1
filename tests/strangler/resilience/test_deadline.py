from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.errors import DeadlineExceeded, PolicyError
from strangler.resilience import DEADLINE_HEADER, Deadline, check_deadline, deadline_headers, no_deadline, remaining
from strangler.testing import ManualClock
from tests.strangler.resilience.virtual_loop import VirtualLoop


def test_without_a_deadline_time_is_without_end() -> None:
    assert remaining() == inf
    assert deadline_headers() == {}
    check_deadline(10**9)


def test_it_holds_within_the_block_and_for_what_that_calls() -> None:
    clock = ManualClock()
    with Deadline(2.0, clock=clock) as deadline:
        clock.advance(0.5)
        assert remaining() == deadline.remaining() == 1.5
        assert deadline_headers() == {DEADLINE_HEADER: "1500"}
        clock.advance(9.0)
        assert remaining() == 0.0
        assert deadline_headers() == {DEADLINE_HEADER: "0"}
    assert remaining() == inf


def test_a_clock_that_goes_backwards_gives_no_more_time_than_there_was() -> None:
    clock = ManualClock()
    with Deadline(2.0, clock=clock):
        clock.advance(-500.0)
        assert remaining() == 2.0
        with Deadline(30.0, clock=clock):
            assert remaining() == 2.0


def test_work_behind_the_answer_can_be_let_go_of() -> None:
    clock = ManualClock()
    with Deadline(1.0, clock=clock):
        clock.advance(1.0)
        with no_deadline():
            check_deadline()
            assert remaining() == inf
            assert deadline_headers() == {}
        assert remaining() == 0.0


@pytest.mark.parametrize(("outer", "inner"), [(1.0, 5.0), (5.0, 1.0)])
def test_of_nested_ones_the_sooner_holds(outer: float, inner: float) -> None:
    clock = ManualClock()
    with Deadline(outer, clock=clock):
        with Deadline(inner, clock=clock):
            assert remaining() == 1.0
        assert remaining() == outer


def test_work_that_would_come_too_late_is_not_begun() -> None:
    clock = ManualClock()
    with Deadline(1.0, clock=clock):
        check_deadline()
        check_deadline(0.9)
        with pytest.raises(DeadlineExceeded, match="1 s are left") as refused:
            check_deadline(1.0)
        assert not refused.value.begun
        clock.advance(1.0)
        with pytest.raises(DeadlineExceeded):
            check_deadline()
        with pytest.raises(DeadlineExceeded, match="not begun"), Deadline(5.0, clock=clock):
            pytest.fail("the block must not be entered")
        assert remaining() == 0.0

        async def begin() -> None:
            async with Deadline(5.0, clock=clock):
                pytest.fail("the block must not be entered")

        with pytest.raises(DeadlineExceeded, match="not begun"):
            asyncio.run(begin())


def test_an_async_block_is_cancelled_when_its_time_is_over() -> None:
    cleaned: list[float] = []

    async def work() -> None:
        async with Deadline(0.02):
            try:
                await asyncio.Event().wait()
            finally:
                cleaned.append(remaining())

    with pytest.raises(DeadlineExceeded, match=r"within 0\.02 s") as over:
        asyncio.run(work())
    assert over.value.begun
    assert cleaned == [0.0]


def test_a_timer_that_is_a_little_early_cancels_nobody_who_has_time_left() -> None:
    clock = ManualClock(0.0)
    loop = VirtualLoop(clock)
    left: list[float] = []

    async def work() -> None:
        async with Deadline(1.0, clock=clock):
            try:
                await asyncio.Event().wait()
            finally:
                left.append(remaining())

    task = loop.create_task(work())
    loop.settle()
    clock.advance(1.0 - 1e-10)  # within the resolution of the clock, which asyncio takes for the time itself
    loop.settle()
    clock.advance(0.1)
    loop.settle()
    loop.close()
    assert isinstance(task.exception(), DeadlineExceeded)
    assert left == [0.0]


@pytest.mark.parametrize(("outer", "inner"), [(0.02, 0.02), (0.02, 30.0), (30.0, 0.02)])
def test_of_nested_async_ones_the_sooner_cancels_and_the_task_goes_on_unharmed(outer: float, inner: float) -> None:
    async def nested() -> None:
        async with Deadline(outer), Deadline(inner):
            await asyncio.Event().wait()

    async def work() -> str:
        with pytest.raises(DeadlineExceeded):
            await nested()
        for _ in range(20):
            await asyncio.sleep(0.001)  # a cancellation that had been left over would come now
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return "unharmed"

    assert asyncio.run(work()) == "unharmed"


def test_the_time_that_is_told_is_the_one_that_applied() -> None:
    async def work() -> None:
        with Deadline(0.02):
            async with Deadline(30.0):
                await asyncio.Event().wait()

    with pytest.raises(DeadlineExceeded, match=r"within 0\.0"):
        asyncio.run(work())


def test_a_cancellation_from_outside_stays_one() -> None:
    async def work() -> None:
        async with Deadline(30.0):
            await asyncio.Event().wait()

    async def cancel() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())


def test_a_task_of_its_own_is_cancelled_by_a_deadline_of_its_own() -> None:
    async def child() -> None:
        async with Deadline(30.0):  # the sooner one around it holds, whose timer is another task's
            await asyncio.Event().wait()

    async def parent() -> None:
        async with Deadline(0.02):
            task = asyncio.create_task(child())
        assert remaining() == inf
        with pytest.raises(DeadlineExceeded):
            await asyncio.wait_for(task, 20)

    asyncio.run(parent())


def test_tasks_have_it_and_threads_have_it_with_the_context() -> None:
    clock = ManualClock()

    async def ask() -> float:
        return remaining()

    async def work() -> list[float]:
        async with Deadline(20.0, clock=clock):
            return [await asyncio.create_task(ask()), await asyncio.to_thread(remaining)]

    assert asyncio.run(work()) == [20.0, 20.0]
    with Deadline(20.0, clock=clock), ThreadPoolExecutor(1) as pool:
        assert pool.submit(copy_context().run, remaining).result() == 20.0
        assert pool.submit(remaining).result() == inf


def test_concurrent_tasks_do_not_see_each_others() -> None:
    clock = ManualClock()

    async def work(seconds: float) -> float:
        async with Deadline(seconds, clock=clock):
            await asyncio.sleep(0)
            return remaining()

    async def both() -> tuple[float, float]:
        return await asyncio.gather(work(10.0), work(20.0))

    assert list(asyncio.run(both())) == [10.0, 20.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 10.0), ("1500", 1.5), ("10000", 10.0), ("10001", 10.0), ("999999999999", 10.0), ("9" * 400, 10.0),
        ("", 10.0), ("1.5", 10.0), ("-1", 10.0), ("+1", 10.0), ("١٢", 10.0), ("nan", 10.0), (" 5", 10.0),
    ],
)  # fmt: skip
def test_what_a_caller_sent_is_held_to_a_bound(value: str | None, seconds: float) -> None:
    with Deadline.from_header(value, at_most=10.0, clock=ManualClock()):
        assert remaining() == seconds


def test_a_caller_whose_time_is_over_is_not_worked_for() -> None:
    with pytest.raises(DeadlineExceeded), Deadline.from_header("0", at_most=10.0):
        pytest.fail("the block must not be entered")


@given(st.text())
def test_any_header_gives_a_deadline_within_the_bound(value: str) -> None:
    try:
        with Deadline.from_header(value, at_most=10.0, clock=ManualClock()):
            assert 0 < remaining() <= 10.0
    except DeadlineExceeded:
        assert int(value) == 0


@given(st.floats(0.001, 86400))
def test_what_is_sent_on_is_never_more_than_what_is_left(seconds: float) -> None:
    clock = ManualClock(0.0)
    with Deadline(seconds, clock=clock):
        sent = deadline_headers()[DEADLINE_HEADER]
        with Deadline.from_header(sent, at_most=10**6, clock=clock) if sent != "0" else Deadline(1, clock=clock):
            assert remaining() <= seconds


@pytest.mark.parametrize("wrong", [0, 0.0, -1, inf, float("nan"), True, "1"])
def test_a_time_that_cannot_be_is_one_clear_error(wrong: float) -> None:
    with pytest.raises(PolicyError, match=r"Deadline: seconds is .* above 0"):
        Deadline(wrong)
    with pytest.raises(PolicyError, match=r"Deadline: at_most is .* above 0"):
        Deadline.from_header("5", at_most=wrong)


def test_a_deadline_serves_one_block() -> None:
    deadline = Deadline(1.0)
    with deadline:
        pass
    with pytest.raises(PolicyError, match="one block"), deadline:
        pytest.fail("the block must not be entered")
