"""The mark: read from the header, known to all that serves the request, and to nothing else."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.shadow import Strategy, current_shadow, is_shadow, read_mark, shadowed


@pytest.mark.parametrize(
    ("lines", "method", "expected"),
    [
        ([], "POST", None),
        (["read"], "GET", Strategy.READ),
        (["read"], "HEAD", Strategy.READ),
        ([" sandbox "], "POST", Strategy.SANDBOX),
        (["dry-run"], "POST", Strategy.DRY_RUN),
        (["read"], "POST", Strategy.DRY_RUN),
        (["read", "read"], "GET", Strategy.DRY_RUN),
        (["read,sandbox"], "GET", Strategy.DRY_RUN),
        (["skip"], "GET", Strategy.DRY_RUN),
        (["Read"], "GET", Strategy.DRY_RUN),
        ([""], "GET", Strategy.DRY_RUN),
    ],
)
def test_what_is_not_understood_is_the_strictest(lines: list[str], method: str, expected: Strategy | None) -> None:
    assert read_mark(lines, method) is expected


@given(st.lists(st.text(max_size=12), min_size=1, max_size=3), st.sampled_from(["GET", "POST", "PURGE"]))
def test_no_header_at_all_makes_a_copy_a_customers_request(lines: list[str], method: str) -> None:
    assert read_mark(lines, method) in set(Strategy) - {Strategy.SKIP}


def test_the_mark_holds_within_the_block_alone() -> None:
    assert (current_shadow(), is_shadow()) == (None, False)

    def fail() -> None:
        assert (current_shadow(), is_shadow()) == (Strategy.READ, True)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), shadowed(Strategy.READ):
        fail()
    assert not is_shadow()


def test_within_another_block_the_stricter_strategy_holds() -> None:
    with shadowed(Strategy.DRY_RUN):
        with shadowed(Strategy.SANDBOX):
            assert current_shadow() is Strategy.DRY_RUN
        assert current_shadow() is Strategy.DRY_RUN
    with shadowed(Strategy.SANDBOX):
        with shadowed(Strategy.READ):
            assert current_shadow() is Strategy.READ
        assert current_shadow() is Strategy.SANDBOX


def test_only_a_sandbox_keeps_what_it_stores() -> None:
    assert [each for each in Strategy if each.keeps] == [Strategy.SANDBOX]


def test_tasks_and_their_threads_know_it_and_other_tasks_do_not() -> None:
    both = asyncio.Barrier(2)

    async def served(strategy: Strategy | None) -> list[Strategy | None]:
        async def part() -> Strategy | None:
            return current_shadow()

        async def work() -> list[Strategy | None]:
            await both.wait()
            return [current_shadow(), await asyncio.create_task(part()), await asyncio.to_thread(current_shadow)]

        if strategy is None:
            return await work()
        with shadowed(strategy):
            return await work()

    async def two() -> list[list[Strategy | None]]:
        return list(await asyncio.gather(served(Strategy.READ), served(None)))

    assert asyncio.run(two()) == [[Strategy.READ] * 3, [None] * 3]


def test_a_thread_knows_it_when_it_is_given_the_context() -> None:
    seen: list[Strategy | None] = []
    with shadowed(Strategy.DRY_RUN):
        threads = [
            threading.Thread(target=copy_context().run, args=(lambda: seen.append(current_shadow()),)),
            threading.Thread(target=lambda: seen.append(current_shadow())),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert seen == [Strategy.DRY_RUN, None]
