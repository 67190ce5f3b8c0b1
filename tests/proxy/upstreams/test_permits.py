"""Who may ask an upstream: permits, those who wait for one, and the breaker."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strangler_proxy.config import Address, Upstream
from strangler_proxy.outcome import FAILED, SUCCEEDED, UNDECIDED
from strangler_proxy.pool import Pool

from strangler.resilience import BreakerSettings
from tests.proxy.upstreams.pools import Turn

NOWHERE = Address("127.0.0.1", 1)


class Loop:
    """Of an event loop: the time, and what was to be called soon."""

    def __init__(self) -> None:
        self.now = 100.0
        self.soon: deque[tuple[Any, tuple[Any, ...]]] = deque()
        self.problems: list[dict[str, Any]] = []

    def time(self) -> float:
        return self.now

    def call_soon(self, function: Any, *arguments: Any) -> None:
        self.soon.append((function, arguments))

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.problems.append(context)

    def turn(self) -> None:
        for _ in range(len(self.soon)):
            function, arguments = self.soon.popleft()
            function(*arguments)


def pool_of(loop: Loop, **values: Any) -> Pool:
    fake: Any = loop
    return Pool(Upstream("catalog", NOWHERE, **values), fake, now=loop.time)


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_a_permit_is_given_at_once_while_there_is_room(loop: Loop) -> None:
    pool = pool_of(loop, in_flight=2)
    assert pool.enter(Turn()) > 0
    assert pool.enter(Turn()) > 0
    assert pool.enter(Turn()) == 0


def test_no_more_permits_are_out_than_connections_may_be_open(loop: Loop) -> None:
    pool = pool_of(loop, in_flight=9, max_connections=1)
    assert pool.enter(Turn()) > 0
    assert pool.enter(Turn()) == 0


def test_who_waits_is_admitted_in_order_and_never_from_within_leave(loop: Loop) -> None:
    pool = pool_of(loop, in_flight=1)
    permit = pool.enter(Turn())
    first, second = Turn(), Turn()
    assert (pool.enter(first), pool.enter(second)) == (0, 0)
    pool.leave(permit, SUCCEEDED)
    assert first.told == []
    loop.turn()
    assert (len(first.told), second.told) == (1, [])
    pool.leave(1, SUCCEEDED)
    loop.turn()
    assert len(second.told) == 1


def test_nobody_overtakes_those_who_wait(loop: Loop) -> None:
    pool = pool_of(loop, in_flight=1)
    permit = pool.enter(Turn())
    waiting = Turn()
    pool.enter(waiting)
    pool.leave(permit, SUCCEEDED)
    assert pool.enter(Turn()) == 0
    loop.turn()
    assert len(waiting.told) == 1


def test_one_too_many_to_wait_is_refused(loop: Loop) -> None:
    pool = pool_of(loop, in_flight=1, waiting=1)
    pool.enter(Turn())
    assert pool.enter(Turn()) == 0
    assert (pool.enter(Turn()), pool.refusal) == (-1, "bulkhead-full")
    assert pool.stats(loop.now)["refused"]["bulkhead-full"] == 1


def test_who_waits_for_too_long_is_refused_once(loop: Loop) -> None:
    pool = pool_of(loop, in_flight=1, waiting_timeout=2)
    permit = pool.enter(Turn())
    early, late = Turn(), Turn()
    pool.enter(early)
    loop.now += 1.5
    pool.enter(late)
    loop.now += 0.5
    pool.tick(loop.now)
    assert (early.told, late.told) == (["bulkhead-timeout"], [])
    pool.leave(permit, SUCCEEDED)
    loop.turn()
    assert (len(early.told), len(late.told)) == (1, 1)


def test_who_has_withdrawn_is_told_nothing_and_leaves_no_hole(loop: Loop) -> None:
    pool = pool_of(loop, in_flight=1, waiting=2)
    permit = pool.enter(Turn())
    gone, next_one = Turn(), Turn()
    pool.enter(gone)
    pool.enter(next_one)
    pool.withdraw(gone)
    pool.withdraw(gone)
    assert pool.enter(Turn()) == 0
    pool.leave(permit, SUCCEEDED)
    loop.turn()
    assert (gone.told, len(next_one.told)) == ([], 1)


def test_failures_open_the_breaker_and_a_probe_closes_it(loop: Loop) -> None:
    pool = pool_of(loop, breaker=BreakerSettings(consecutive_failures=2, open_for=1, jitter=0))
    for _ in range(2):
        pool.leave(pool.enter(Turn()), FAILED)
    assert (pool.enter(Turn()), pool.refusal) == (-1, "breaker-open")
    assert (pool.stats(loop.now)["breaker"], pool.stats(loop.now)["breaker_opened"]) == ("open", 1)
    loop.now += 1
    probe = pool.enter(Turn())
    assert probe > 0
    assert pool.enter(Turn()) == -1
    pool.leave(probe, SUCCEEDED)
    assert pool.enter(Turn()) > 0


def test_a_probe_that_was_given_up_lets_the_next_one_try(loop: Loop) -> None:
    pool = pool_of(loop, breaker=BreakerSettings(consecutive_failures=1, open_for=1, jitter=0))
    pool.leave(pool.enter(Turn()), FAILED)
    loop.now += 1
    pool.leave(pool.enter(Turn()), UNDECIDED)
    assert pool.enter(Turn()) > 0
    assert pool.stats(loop.now)["breaker"] == "half-open"


def test_those_who_wait_are_refused_when_the_breaker_opens(loop: Loop) -> None:
    pool = pool_of(loop, in_flight=1, breaker=BreakerSettings(consecutive_failures=1, jitter=0))
    permit = pool.enter(Turn())
    waiting = [Turn(), Turn()]
    for each in waiting:
        pool.enter(each)
    pool.leave(permit, FAILED)
    loop.turn()
    assert [each.told for each in waiting] == [["breaker-open"], ["breaker-open"]]
    assert pool.stats(loop.now)["in_flight"] == 0


def test_a_waiter_that_fails_when_admitted_keeps_nobody_waiting_and_leaves_by_itself(loop: Loop) -> None:
    class Broken(Turn):
        def admitted(self, permit: int) -> None:
            super().admitted(permit)
            raise RuntimeError("ours")

    pool = pool_of(loop, in_flight=2)
    permits = [pool.enter(Turn()), pool.enter(Turn())]
    broken, after = Broken(), Turn()
    pool.enter(broken)
    pool.enter(after)
    for permit in permits:
        pool.leave(permit, SUCCEEDED)
    loop.turn()
    assert (len(broken.told), len(after.told)) == (1, 1)
    assert [str(each["exception"]) for each in loop.problems] == ["ours"]
    for _ in (broken, after):
        pool.leave(1, SUCCEEDED)
    assert pool.stats(loop.now)["in_flight"] == 0


def test_a_waiter_that_fails_when_refused_keeps_nobody_from_being_told(loop: Loop) -> None:
    class Broken(Turn):
        def refused(self, why: str) -> None:
            raise RuntimeError("ours")

    pool = pool_of(loop, in_flight=1, waiting_timeout=1)
    pool.enter(Turn())
    after = Turn()
    pool.enter(Broken())
    pool.enter(after)
    loop.now += 1
    pool.tick(loop.now)
    assert after.told == ["bulkhead-timeout"]


STEPS = st.lists(
    st.one_of(
        st.just(("enter", 0)),
        st.tuples(st.just("leave"), st.integers(0, 5)),
        st.tuples(st.just("withdraw"), st.integers(0, 5)),
        st.just(("turn", 0)),
        st.tuples(st.just("time"), st.integers(1, 30)),
    ),
    max_size=80,
)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(1, 3), st.integers(0, 3), st.booleans())
def test_permits_are_bounded_and_turns_come_in_order(
    steps: list[tuple[str, int]], most: int, waiting: int, breaks: bool
) -> None:
    """A model: who holds, who waits, who was told what. Outcomes are drawn from the same numbers."""
    loop = Loop()
    breaker = BreakerSettings(consecutive_failures=2, open_for=1, jitter=0) if breaks else None
    pool = pool_of(loop, in_flight=most, waiting=waiting, waiting_timeout=2, breaker=breaker)
    held: list[int] = []
    queue: list[Turn] = []
    ended: list[Turn] = []

    def settle() -> None:
        told = [turn for turn in queue if turn.told]
        assert told == queue[: len(told)], "somebody overtook"
        for turn in told:
            assert len(turn.told) == 1
            if isinstance(turn.told[0], int):
                held.append(turn.told[0])
            ended.append(turn)
            queue.remove(turn)

    for what, number in steps:
        if what == "enter":
            turn = Turn()
            permit = pool.enter(turn)
            if permit > 0:
                assert not queue, "somebody overtook"
                held.append(permit)
            elif permit == 0:
                queue.append(turn)
        elif what == "leave" and held:
            pool.leave(held.pop(number % len(held)), (SUCCEEDED, FAILED, UNDECIDED)[number % 3])
        elif what == "withdraw" and queue:
            gone = queue.pop(number % len(queue))
            pool.withdraw(gone)
            ended.append(gone)
        elif what == "turn":
            loop.turn()
        elif what == "time":
            loop.now += number / 10
            pool.tick(loop.now)
        settle()
        stats = pool.stats(loop.now)
        assert stats["in_flight"] == len(held) <= most
        assert stats["waiting"] == len(queue) <= waiting
        assert all(len(turn.told) <= 1 for turn in ended)
    while held or queue:
        while held:
            pool.leave(held.pop(), SUCCEEDED)
        loop.turn()
        settle()
    assert pool.stats(loop.now)["in_flight"] == 0


def test_entering_and_leaving_needs_no_event_loop_that_runs() -> None:
    loop = asyncio.new_event_loop()
    try:
        pool = Pool(Upstream("catalog", NOWHERE), loop)
        pool.leave(pool.enter(Turn()), SUCCEEDED)
    finally:
        loop.close()
