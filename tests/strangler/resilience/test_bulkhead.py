from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from strangler.errors import BulkheadFull, DeadlineExceeded, PolicyError
from strangler.resilience import Bulkhead, Deadline
from strangler.testing import ManualClock
from tests.strangler.resilience.virtual_loop import VirtualLoop
from tests.waiting import until


def test_no_more_than_its_limit_are_in_and_the_rest_is_refused_at_once() -> None:
    tested = Bulkhead("catalog", 2)
    with tested.place(), tested.place():
        assert tested.inside == 2
        with pytest.raises(BulkheadFull, match="catalog is busy: 2 calls"), tested.place():
            pytest.fail("the block must not be entered")
    assert (tested.inside, tested.waiting) == (0, 0)
    with tested.place():
        pass


def test_a_place_is_given_back_when_the_call_fails() -> None:
    tested = Bulkhead("catalog", 1)

    @tested
    def fail() -> None:
        assert tested.inside == 1
        raise OSError("refused")

    for _ in range(3):
        with pytest.raises(OSError, match="refused"):
            fail()
    assert tested.inside == 0


def test_waiting_threads_come_in_in_order_and_no_more_than_may_wait() -> None:
    tested = Bulkhead("catalog", 1, queue=4, wait=30)
    came: list[int] = []

    @tested
    def note(number: int) -> None:
        came.append(number)

    with ThreadPoolExecutor(4) as pool:
        with tested.place():
            done = []
            for number in range(4):
                done.append(pool.submit(note, number))
                until(lambda: tested.waiting == len(done))
            with pytest.raises(BulkheadFull):
                note(9)
        for each in done:
            each.result(20)
    assert came == [0, 1, 2, 3]
    assert (tested.inside, tested.waiting) == (0, 0)


def test_threads_and_tasks_stand_in_one_line() -> None:
    tested = Bulkhead("catalog", 1, queue=10, wait=30)
    came: list[str] = []

    def thread(name: str) -> None:
        with tested.place():
            came.append(name)

    async def task(name: str) -> None:
        async with tested.place():
            came.append(name)

    with ThreadPoolExecutor(4) as pool:
        with tested.place():
            done = []
            for number, start in enumerate((thread, lambda name: asyncio.run(task(name)), thread, thread)):
                done.append(pool.submit(start, str(number)))
                until(lambda: tested.waiting == len(done))
        for each in done:
            each.result(20)
    assert came == ["0", "1", "2", "3"]


def test_whoever_has_waited_too_long_is_refused_and_leaves_no_gap() -> None:
    tested = Bulkhead("catalog", 1, queue=1, wait=0.01)

    async def wait() -> None:
        async with tested.place():
            pytest.fail("the place was taken")

    with tested.place():
        with pytest.raises(BulkheadFull, match=r"within 0\.01 s"), tested.place():
            pytest.fail("the place was taken")
        with pytest.raises(BulkheadFull, match=r"within 0\.01 s"):
            asyncio.run(wait())
        assert (tested.inside, tested.waiting) == (1, 0)
    with tested.place():
        assert tested.inside == 1


def test_nobody_waits_beyond_the_deadline_nor_comes_in_after_it() -> None:
    tested = Bulkhead("catalog", 1, queue=1, wait=60)

    async def wait() -> None:
        with Deadline(0.01):
            async with tested.place():
                pytest.fail("the place was taken")

    with tested.place():
        with pytest.raises(DeadlineExceeded) as over, Deadline(0.01), tested.place():
            pytest.fail("the place was taken")
        assert not over.value.begun
        with pytest.raises(DeadlineExceeded):
            asyncio.run(wait())

    async def wait_not() -> None:
        async with tested.place():
            pytest.fail("its time is over")

    clock = ManualClock()
    with Deadline(1.0, clock=clock):
        clock.advance(1.0)
        with pytest.raises(DeadlineExceeded), tested.place():
            pytest.fail("its time is over")
        with pytest.raises(DeadlineExceeded):
            asyncio.run(wait_not())
    assert (tested.inside, tested.waiting) == (0, 0)


def test_a_task_that_is_cancelled_while_it_waits_leaks_nothing_and_the_next_one_comes_in() -> None:
    tested = Bulkhead("catalog", 1, queue=3, wait=30)
    came: list[int] = []

    async def enter(number: int) -> None:
        async with tested.place():
            came.append(number)

    async def run() -> None:
        async with tested.place():
            tasks = [asyncio.create_task(enter(number)) for number in range(3)]
            await asyncio.sleep(0)
            assert tested.waiting == 3
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            assert (tested.inside, tested.waiting) == (1, 2)
        await asyncio.gather(*tasks[1:])

    asyncio.run(run())
    assert came == [1, 2]
    assert (tested.inside, tested.waiting) == (0, 0)


def test_a_task_that_is_cancelled_once_its_place_was_given_passes_it_on() -> None:
    tested = Bulkhead("catalog", 1, queue=2, wait=30)
    came: list[int] = []

    async def enter(number: int) -> None:
        async with tested.place():
            came.append(number)

    async def run() -> None:
        async with tested.place():
            first, second = (asyncio.create_task(enter(number)) for number in range(2))
            await asyncio.sleep(0)
            assert tested.waiting == 2
        # The place is the first one's by now, and it has not come yet.
        assert (tested.inside, tested.waiting) == (1, 1)
        first.cancel()
        await asyncio.wait([first])
        await second

    asyncio.run(run())
    assert came == [1]
    assert (tested.inside, tested.waiting) == (0, 0)


def test_a_waiter_whose_event_loop_is_closed_does_not_keep_the_place() -> None:
    tested = Bulkhead("catalog", 1, queue=2, wait=30)

    async def enter() -> None:
        async with tested.place():
            pytest.fail("it cannot come")

    loop = asyncio.new_event_loop()
    with tested.place():
        coroutine = enter()
        task = loop.create_task(coroutine)
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is thrown away on purpose
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert tested.waiting == 1
        loop.close()
    assert (tested.inside, tested.waiting) == (0, 0)
    with pytest.raises(asyncio.CancelledError):
        coroutine.throw(asyncio.CancelledError())
    assert (tested.inside, tested.waiting) == (0, 0)


def test_many_threads_never_exceed_the_limit_and_all_come_through() -> None:
    tested = Bulkhead("catalog", 3, queue=8, wait=30)
    lock = threading.Lock()
    inside = most = count = 0

    @tested
    def work() -> None:
        nonlocal inside, most, count
        with lock:
            inside += 1
            most = max(most, inside)
        with lock:
            inside -= 1
            count += 1

    def often() -> None:
        for _ in range(300):
            work()

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(often) for _ in range(8)]:
            each.result(60)
    assert (count, inside, tested.inside, tested.waiting) == (2400, 0, 0, 0)
    assert most <= 3


def test_whoever_is_given_a_place_at_the_very_end_of_its_wait_takes_it() -> None:
    clock = ManualClock()
    loop = VirtualLoop(clock)
    tested = Bulkhead("catalog", 1, queue=1, wait=5.0)
    came: list[int] = []

    async def enter() -> None:
        async with tested.place():
            came.append(1)

    place = tested.place()
    place.__enter__()
    task = loop.create_task(enter())
    loop.settle()
    loop.call_later(5.000001, place.__exit__, None, None, None)
    clock.advance(6.0)  # its time is up and the place becomes free in the same step of the loop, in this order
    loop.settle()
    loop.close()
    assert task.done()
    task.result()
    assert came == [1]
    assert (tested.inside, tested.waiting) == (0, 0)


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_in_a_forked_child_nobody_is_in() -> None:
    tested = Bulkhead("catalog", 1)
    with tested.place():
        child = os.fork()
        if child:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert tested.inside == 1
        else:
            inside = tested.inside
            with tested.place():
                inside += tested.inside
    if not child:
        os._exit(0 if (inside, tested.inside) == (1, 0) else 1)


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"limit": 0}, "from 1 on"), ({"limit": -1}, "from 1 on"), ({"limit": 1.5}, "whole"), ({"queue": -1}, "from 0"),
        ({"wait": 0}, "above 0"), ({"wait": -1.0}, "above 0"), ({"wait": float("inf")}, "above 0"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_work_is_one_clear_error(wrong: dict[str, Any], remedy: str) -> None:
    with pytest.raises(PolicyError, match=rf"Bulkhead catalog: {next(iter(wrong))} is .*{remedy}"):
        Bulkhead("catalog", **({"limit": 1} | wrong))


class BulkheadMachine(RuleBasedStateMachine):
    """Tasks come, are cancelled, wait too long and leave in any order, at a time that the test moves."""

    @initialize(limit=st.integers(1, 2), queue=st.integers(0, 3))
    def start(self, limit: int, queue: int) -> None:
        self.limit, self.queue = limit, queue
        self.clock = ManualClock(0.0)
        self.loop = VirtualLoop(self.clock)
        self.tested = Bulkhead("catalog", limit, queue=queue, wait=5.0)
        self.number = 0
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.ends: dict[int, asyncio.Event] = {}
        self.arrived: list[int] = []  # the tested one's view: in which order they came in
        self.inside: list[int] = []
        self.line: list[tuple[int, float]] = []  # the model's: who waits, since when
        self.expected: list[int] = []

    async def call(self, number: int) -> None:
        async with self.tested.place():
            self.arrived.append(number)
            await self.ends[number].wait()

    def come_in(self) -> None:
        while self.line and len(self.inside) < self.limit:
            number, _ = self.line.pop(0)
            self.inside.append(number)
            self.expected.append(number)

    @rule()
    def one_comes(self) -> None:
        self.number += 1
        self.ends[self.number] = asyncio.Event()
        task = self.tasks[self.number] = self.loop.create_task(self.call(self.number))
        self.loop.settle()
        if len(self.inside) + len(self.line) < self.limit + self.queue:
            self.line.append((self.number, self.clock()))
            self.come_in()
            assert not task.done()
        else:
            assert isinstance(task.exception(), BulkheadFull)

    @rule(data=st.data(), cancelled=st.booleans(), at_once=st.booleans())
    def one_leaves(self, data: st.DataObject, cancelled: bool, at_once: bool) -> None:
        if not self.inside:
            return
        number = data.draw(st.sampled_from(self.inside))
        if cancelled:
            self.tasks[number].cancel()
        else:
            self.ends[number].set()
        self.inside.remove(number)
        following = self.line[0][0] if self.line else None
        if at_once and following is not None:
            # The place is given in this very step of the loop; whoever it was given to is cancelled before it comes.
            self.tasks[number].add_done_callback(lambda _: self.tasks[following].cancel())
            self.line.pop(0)
        self.loop.settle()
        self.come_in()

    @rule(data=st.data())
    def one_that_waits_is_cancelled(self, data: st.DataObject) -> None:
        if self.line:
            number, _ = self.line.pop(data.draw(st.integers(0, len(self.line) - 1)))
            self.tasks[number].cancel()
            self.loop.settle()
            assert self.tasks[number].cancelled()

    @rule(seconds=st.integers(1, 4))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(float(seconds))
        self.loop.settle()
        for number, since in list(self.line):
            if self.clock() - since >= 5.0:
                self.line.remove((number, since))
                assert isinstance(self.tasks[number].exception(), BulkheadFull)

    @invariant()
    def counts_and_order_agree(self) -> None:
        assert (self.tested.inside, self.tested.waiting) == (len(self.inside), len(self.line))
        assert self.arrived == self.expected

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        for task in self.tasks.values():
            task.cancel()
        self.loop.settle()
        assert (self.tested.inside, self.tested.waiting) == (0, 0)
        for task in self.tasks.values():
            assert task.cancelled() or task.exception() is None or isinstance(task.exception(), BulkheadFull)
        self.loop.close()


BulkheadMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBulkheadMachine = BulkheadMachine.TestCase
