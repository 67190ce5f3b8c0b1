from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from strangler.errors import BreakerOpen, BulkheadFull, DeadlineExceeded, PolicyError
from strangler.resilience import BreakerChange, BreakerSettings, CircuitBreaker, Deadline
from strangler.testing import ManualClock
from tests.waiting import until

ONE_FAILURE = BreakerSettings(consecutive_failures=1, open_for=5.0, jitter=0.0, lease=60.0)


def fail() -> None:
    raise OSError("refused")


def circuit(clock: ManualClock, **more: Any) -> CircuitBreaker:
    return CircuitBreaker("catalog", ONE_FAILURE, clock=clock, **more)


def broken(clock: ManualClock, **more: Any) -> CircuitBreaker:
    made = circuit(clock, **more)
    with pytest.raises(OSError, match="refused"):
        made(fail)()
    assert made.state == "open"
    return made


def test_an_open_one_refuses_with_its_name_and_the_time_that_is_left() -> None:
    clock = ManualClock()
    tested = broken(clock)
    clock.advance(2.0)
    with pytest.raises(BreakerOpen, match=r"catalog .* 3\.0 s") as refused:
        tested(fail)()
    assert refused.value.retry_after == tested.remaining() == 3.0
    clock.advance(3.0)
    assert tested(lambda: 7)() == 7
    assert (tested.state, tested.opened, tested.remaining()) == ("closed", 1, 0.0)


def test_a_guarded_function_keeps_its_name_arguments_and_answer() -> None:
    tested = circuit(ManualClock())

    @tested
    def add(left: int, *, right: int) -> int:
        """Adds."""
        return left + right

    @tested
    async def add_later(left: int, *, right: int) -> int:
        return left + right

    assert (add.__name__, add.__doc__, add(1, right=2)) == ("add", "Adds.", 3)
    assert asyncio.run(add_later(1, right=2)) == 3


def test_methods_can_be_guarded() -> None:
    tested = circuit(ManualClock())

    class Shop:
        @tested
        def name(self) -> str:
            return type(self).__name__

    assert Shop().name() == "Shop"


def test_an_exception_that_says_nothing_against_the_service_is_an_answer() -> None:
    tested = circuit(ManualClock(), failures=(OSError,))

    def missing() -> None:
        raise LookupError("no such product")

    for _ in range(5):
        with pytest.raises(LookupError):
            tested(missing)()
    assert tested.state == "closed"
    with pytest.raises(OSError, match="refused"):
        tested(fail)()
    assert tested.state == "open"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (BulkheadFull("busy"), "closed"),
        (BreakerOpen("another one"), "closed"),
        (DeadlineExceeded("over", begun=False), "closed"),
        (DeadlineExceeded("over", begun=True), "open"),
        (KeyboardInterrupt(), "closed"),
    ],
)
def test_what_was_not_asked_of_the_service_is_not_held_against_it(error: BaseException, state: str) -> None:
    tested = circuit(ManualClock())

    def stop() -> None:
        raise error

    with pytest.raises(type(error)):
        tested(stop)()
    assert tested.state == state


def test_a_block_can_say_that_it_failed_without_an_exception() -> None:
    tested = circuit(ManualClock())
    with tested.call():
        pass
    assert tested.state == "closed"
    with tested.call() as call:
        call.failed()
    assert tested.state == "open"
    with pytest.raises(BreakerOpen), tested.call():
        pytest.fail("the block must not be entered")


def test_eight_threads_run_in_parallel_through_a_closed_one() -> None:
    tested = circuit(ManualClock())
    together = threading.Barrier(8, timeout=20)  # breaks unless all eight are inside at once
    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(tested(together.wait)) for _ in range(8)]
        assert sorted(each.result(30) for each in done) == list(range(8))


@pytest.mark.parametrize("places", [1, 3])
def test_of_twenty_threads_at_half_open_so_many_as_there_are_places_come_through(places: int) -> None:
    clock = ManualClock()
    settings = BreakerSettings(consecutive_failures=1, open_for=5.0, jitter=0.0, probes=places, successes=places)
    tested = CircuitBreaker("catalog", settings, clock=clock)
    with pytest.raises(OSError, match="refused"):
        tested(fail)()
    clock.advance(5.0)
    start, end = threading.Barrier(20, timeout=20), threading.Event()
    through: list[int] = []
    refused: list[int] = []

    @tested
    def probe() -> None:
        through.append(1)
        assert end.wait(20)

    def one() -> None:
        start.wait()
        try:
            probe()
        except BreakerOpen:
            refused.append(1)

    with ThreadPoolExecutor(20) as pool:
        done = [pool.submit(one) for _ in range(20)]
        until(lambda: len(refused) == 20 - places)
        assert (len(through), tested.state) == (places, "half-open")
        end.set()
        for each in done:
            each.result(20)
    assert (len(through), tested.state) == (places, "closed")


@pytest.mark.parametrize("places", [1, 3])
def test_of_twenty_tasks_at_half_open_so_many_as_there_are_places_come_through(places: int) -> None:
    clock = ManualClock()
    settings = BreakerSettings(consecutive_failures=1, open_for=5.0, jitter=0.0, probes=places, successes=places)
    tested = CircuitBreaker("catalog", settings, clock=clock)
    with pytest.raises(OSError, match="refused"):
        tested(fail)()
    clock.advance(5.0)
    through = 0

    @tested
    async def probe() -> None:
        nonlocal through
        through += 1
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(probe() for _ in range(20)), return_exceptions=True)

    answers = asyncio.run(all_at_once())
    assert through == places
    assert sum(isinstance(each, BreakerOpen) for each in answers) == 20 - places
    assert tested.state == "closed"


def test_a_cancelled_probe_neither_closes_nor_opens_it() -> None:
    clock = ManualClock()
    tested = broken(clock)
    clock.advance(5.0)

    @tested
    async def hang() -> None:
        await asyncio.Event().wait()

    async def cancel() -> None:
        probe = asyncio.ensure_future(hang())
        await asyncio.sleep(0)
        assert tested.state == "half-open"
        with pytest.raises(BreakerOpen, match="until a call"):
            await hang()
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe

    asyncio.run(cancel())
    assert (tested.state, tested.opened) == ("half-open", 1)
    assert tested(lambda: "well")() == "well"
    assert tested.state == "closed"


def test_a_call_that_is_cancelled_because_its_deadline_is_over_has_failed() -> None:
    tested = CircuitBreaker("catalog", ONE_FAILURE)

    @tested
    async def hang() -> None:
        await asyncio.Event().wait()

    async def ask() -> None:
        async with Deadline(0.02):
            await hang()

    with pytest.raises(DeadlineExceeded):
        asyncio.run(ask())
    assert tested.state == "open"


def test_a_task_that_is_thrown_away_gives_its_place_back() -> None:
    clock = ManualClock()
    tested = broken(clock)
    clock.advance(5.0)

    @tested
    async def hang() -> None:
        await asyncio.Event().wait()

    thrown_away = hang()
    asyncio.run(_first_step(thrown_away))
    with pytest.raises(BreakerOpen):
        tested(lambda: 1)()
    elsewhere = ManualClock()
    with Deadline(1.0, clock=elsewhere):
        elsewhere.advance(2.0)
        del thrown_away  # whoever collects it, its own time was not over
        gc.collect()
    assert (tested.state, tested.opened) == ("half-open", 1)
    assert tested(lambda: 1)() == 1


async def _first_step(coroutine: Any) -> None:
    coroutine.send(None)


def test_the_observer_hears_every_change_in_order_outside_the_lock() -> None:
    clock = ManualClock()
    heard: list[BreakerChange] = []
    seen: list[str] = []

    def observer(change: BreakerChange) -> None:
        heard.append(change)
        seen.append(tested.state)
        tested.remaining()  # takes the lock

    tested = circuit(clock, observer=observer)
    with pytest.raises(OSError, match="refused"):
        tested(fail)()
    clock.advance(5.0)
    tested(lambda: 1)()
    assert heard == [
        BreakerChange("catalog", "closed", "open", 1),
        BreakerChange("catalog", "open", "half-open", 1),
        BreakerChange("catalog", "half-open", "closed", 1),
    ]
    assert seen == ["open", "half-open", "closed"]


def test_an_observer_that_raises_is_logged_and_harms_no_call(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    heard: list[str] = []

    def observer(change: BreakerChange) -> None:
        heard.append(change.after)
        raise RuntimeError("the observer is broken")

    tested = broken(clock, observer=observer)
    clock.advance(5.0)
    assert tested(lambda: 1)() == 1
    assert heard == ["open", "half-open", "closed"]
    assert [record.getMessage() for record in caplog.records] == ["the observer of breaker catalog failed"] * 3


@pytest.mark.parametrize("wrong", [OSError, (OSError(),), (KeyboardInterrupt,), "OSError", None])
def test_failures_that_are_no_tuple_of_exceptions_are_one_clear_error(wrong: Any) -> None:
    with pytest.raises(PolicyError, match=r"CircuitBreaker catalog: failures is .*\(OSError,\)"):
        CircuitBreaker("catalog", failures=wrong)


def test_what_was_heard_from_many_threads_is_one_history() -> None:
    clock = ManualClock()
    heard: list[BreakerChange] = []
    settings = BreakerSettings(consecutive_failures=2, open_for=1e-9, longest_open=1e-9, jitter=0.0, successes=2)
    tested = CircuitBreaker("catalog", settings, clock=clock, observer=heard.append)

    def often(number: int) -> None:
        for step in range(200):
            clock.advance(1.0)
            try:
                tested(fail if (step * 7 + number) % 3 else int)()
            except (OSError, BreakerOpen):
                continue

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(often, number) for number in range(8)]:
            each.result(60)
    assert len(heard) > 10
    assert [change.before for change in heard] == ["closed", *(change.after for change in heard[:-1])]
    assert heard[-1].after == tested.state


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_forked_child_is_not_stuck_with_a_lock_that_another_thread_held() -> None:
    tested = broken(ManualClock())
    held, end = threading.Event(), threading.Event()

    def hold() -> None:
        with tested._lock:
            held.set()
            end.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(20)
            os._exit(0 if tested.remaining() == 5.0 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    end.set()
    holder.join()


def test_what_would_be_judged_before_it_is_done_is_refused() -> None:
    tested = circuit(ManualClock())

    def pages() -> Any:
        yield 1

    async def pages_later() -> Any:
        yield 1

    async def later() -> int:
        return 1

    for each in (pages, pages_later):
        with pytest.raises(PolicyError, match="generator"):
            tested(each)
    with pytest.raises(PolicyError, match="async def"):
        asyncio.run(tested(lambda: later())())


def test_a_callable_object_is_guarded_as_what_it_is() -> None:
    tested = circuit(ManualClock())

    class Ask:
        async def __call__(self) -> int:
            await asyncio.sleep(0)
            raise OSError("refused")

    with pytest.raises(OSError, match="refused"):
        asyncio.run(tested(Ask())())
    assert tested.state == "open"
