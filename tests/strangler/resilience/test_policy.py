from __future__ import annotations

import asyncio
from typing import Any

import pytest

from strangler.errors import BreakerOpen, BulkheadFull, CallRefused, DeadlineExceeded, PolicyError
from strangler.resilience import (
    BreakerSettings,
    Bulkhead,
    CircuitBreaker,
    Deadline,
    Policy,
    Retry,
    RetryBudget,
    RetrySettings,
    remaining,
)
from strangler.testing import ManualClock
from tests.strangler.resilience.virtual_loop import VirtualLoop


class Service:
    """Fails so many times, taking so many seconds each time, then answers."""

    def __init__(self, clock: ManualClock, failures: int, seconds: float = 0.0) -> None:
        self.clock = clock
        self.failures = failures
        self.seconds = seconds
        self.left: list[float] = []

    def __call__(self) -> str:
        self.left.append(remaining())
        self.clock.advance(self.seconds)
        if len(self.left) <= self.failures:
            raise OSError("refused")
        return "well"

    async def later(self) -> str:
        return self()


class Parts:
    """A policy of all four parts on one clock."""

    def __init__(self, *, row: int = 3, places: int = 1, deadline: float | None = 10.0, attempts: int = 5) -> None:
        self.clock = ManualClock()
        self.breaker = CircuitBreaker(
            "catalog", BreakerSettings(consecutive_failures=row, open_for=30.0, jitter=0.0), clock=self.clock
        )
        self.bulkhead = Bulkhead("catalog", places)
        self.retry = Retry(
            RetrySettings(attempts=attempts, pause=1.0, longest_pause=1.0),
            worth=(Exception,),
            budget=RetryBudget(reserve=100),
            sleep=self.clock.sleep,
            sleep_async=self.clock.sleep_async,
            jitter=lambda: 1.0,
        )
        self.policy = Policy(
            deadline=deadline, retry=self.retry, breaker=self.breaker, bulkhead=self.bulkhead, clock=self.clock
        )

    def ask(self, kind: str, service: Service, *, repeatable: bool = True) -> str:
        around: Any = self.policy.repeatable if repeatable else self.policy
        if kind == "sync":
            answer: str = around(service)()
            return answer

        async def asked() -> str:
            answered: str = await around(service.later)()
            return answered

        return asyncio.run(asked())


both = pytest.mark.parametrize("kind", ["sync", "async"])


@both
def test_only_what_is_declared_repeatable_is_tried_again(kind: str) -> None:
    parts = Parts()
    with pytest.raises(OSError, match="refused"):
        parts.ask(kind, Service(parts.clock, 1), repeatable=False)
    service = Service(parts.clock, 1)
    assert parts.ask(kind, service) == "well"
    assert len(service.left) == 2


@both
def test_the_deadline_bounds_all_tries_and_pauses_together(kind: str) -> None:
    parts = Parts(row=100, attempts=100)
    service = Service(parts.clock, 99, seconds=2.0)
    with pytest.raises(OSError, match="refused"):
        parts.ask(kind, service)
    # Each try takes 2 s, each pause 1 s: another pause would end at the deadline itself.
    assert service.left == [10.0, 7.0, 4.0, 1.0]
    assert sum(parts.clock.slept) == 3.0


@both
def test_the_sooner_deadline_of_the_caller_holds(kind: str) -> None:
    parts = Parts()
    service = Service(parts.clock, 0)
    with Deadline(2.0, clock=parts.clock):
        assert parts.ask(kind, service) == "well"
        parts.clock.advance(2.0)
        with pytest.raises(DeadlineExceeded, match="not begun"):
            parts.ask(kind, service)
    assert service.left == [2.0]


@both
def test_a_policy_without_a_deadline_does_not_begin_after_the_callers(kind: str) -> None:
    for alone in (False, True):
        parts = Parts(deadline=None)
        if alone:
            parts.policy = Policy()
        service = Service(parts.clock, 0)
        with Deadline(2.0, clock=parts.clock):
            parts.clock.advance(2.0)
            with pytest.raises(DeadlineExceeded):
                parts.ask(kind, service)
        assert service.left == []


@both
def test_each_try_counts_for_the_breaker_and_once_it_opens_no_more_are_made(kind: str) -> None:
    parts = Parts(row=3)
    service = Service(parts.clock, 99)
    with pytest.raises(OSError, match="refused"):
        parts.ask(kind, service)
    assert (len(service.left), parts.breaker.state) == (3, "open")
    slept = list(parts.clock.slept)
    with pytest.raises(BreakerOpen):
        parts.ask(kind, service)
    assert (len(service.left), parts.clock.slept) == (3, slept)


@both
def test_a_full_bulkhead_is_no_failure_of_the_service_and_is_not_tried_again(kind: str) -> None:
    parts = Parts(row=1)
    service = Service(parts.clock, 0)
    with parts.bulkhead.place():
        for _ in range(5):
            with pytest.raises(BulkheadFull):
                parts.ask(kind, service)
    assert (parts.breaker.state, parts.clock.slept, service.left) == ("closed", [], [])
    assert parts.ask(kind, service) == "well"


@both
def test_an_open_breaker_takes_no_place_and_a_pause_holds_none(kind: str) -> None:
    parts = Parts(row=2)
    inside: list[int] = []
    slept = parts.clock.sleep

    def sleep(seconds: float) -> None:
        inside.append(parts.bulkhead.inside)
        slept(seconds)

    parts.retry._sleep = sleep

    async def sleep_async(seconds: float) -> None:
        sleep(seconds)

    parts.retry._sleep_async = sleep_async
    with pytest.raises(OSError, match="refused"):
        parts.ask(kind, Service(parts.clock, 99))
    assert inside == [0, 0]
    with parts.bulkhead.place(), pytest.raises(BreakerOpen):
        parts.ask(kind, Service(parts.clock, 0))


def test_a_service_that_hangs_opens_the_breaker_though_each_call_is_cancelled() -> None:
    breaker = CircuitBreaker("catalog", BreakerSettings(consecutive_failures=3))
    policy = Policy(deadline=0.01, breaker=breaker, bulkhead=Bulkhead("catalog", 1))
    calls = 0

    @policy
    async def hang() -> None:
        nonlocal calls
        calls += 1
        await asyncio.Event().wait()

    async def ask() -> None:
        for _ in range(3):
            with pytest.raises(DeadlineExceeded):
                await hang()
        with pytest.raises(BreakerOpen):
            await hang()

    asyncio.run(ask())
    assert calls == 3


def test_waiting_for_a_place_until_the_deadline_is_not_held_against_the_service() -> None:
    clock = ManualClock()
    loop = VirtualLoop(clock)
    breaker = CircuitBreaker("catalog", BreakerSettings(consecutive_failures=1), clock=clock)
    bulkhead = Bulkhead("catalog", 1, queue=5, wait=60)
    policy = Policy(deadline=1.0, breaker=breaker, bulkhead=bulkhead, clock=clock)

    @policy
    async def ask() -> None:
        pytest.fail("there is no place")

    with bulkhead.place():
        task = loop.create_task(ask())
        loop.settle()
        clock.advance(2.0)  # the end of the wait and the cancellation are due in the same step of the loop
        loop.settle()
        loop.close()
    error = task.exception()
    assert isinstance(error, DeadlineExceeded)
    assert not error.begun
    assert (breaker.state, bulkhead.waiting) == ("closed", 0)


def test_every_part_may_be_left_out() -> None:
    assert Policy()(lambda: 1)() == 1
    assert Policy().repeatable(lambda: 1)() == 1

    @Policy(deadline=5)
    def left() -> float:
        return remaining()

    assert 0 < left() <= 5
    assert left.__name__ == "left"


def test_whatever_was_refused_has_not_been_asked() -> None:
    for refusal in (BreakerOpen("no"), BulkheadFull("no", 2.0)):
        assert isinstance(refusal, CallRefused)
        assert refusal.retry_after in {0.0, 2.0}


@pytest.mark.parametrize("wrong", [0, -1.0, float("nan")])
def test_a_deadline_that_cannot_be_is_one_clear_error(wrong: float) -> None:
    with pytest.raises(PolicyError, match=r"Policy: deadline is .* above 0"):
        Policy(deadline=wrong)
