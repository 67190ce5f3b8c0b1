"""What waits to be compared is bounded, and whoever brings more is told."""

from __future__ import annotations

import asyncio

from strangler_proxy.comparer.backlog import Backlog, weight

from tests.proxy.comparer.exchanges import exchange, side


def test_they_are_taken_out_in_the_order_in_which_they_came() -> None:
    async def scenario() -> list[str]:
        backlog = Backlog(10, 1_000_000)
        waiting = asyncio.create_task(backlog.next())
        await asyncio.sleep(0)
        for route in ("a", "b", "c"):
            backlog.put(exchange(route=route))
        return [(await waiting).route, (await backlog.next()).route, (await backlog.next()).route]

    assert asyncio.run(scenario()) == ["a", "b", "c"]


def test_it_is_full_by_number_until_one_is_done_and_not_only_taken_out() -> None:
    async def scenario() -> None:
        room: list[bool] = []
        backlog = Backlog(2, 1_000_000, lambda: room.append(True))
        backlog.put(exchange())
        assert not backlog.full
        backlog.put(exchange())
        assert backlog.full
        taken = await backlog.next()
        assert backlog.full
        assert room == []
        backlog.done(taken)
        assert not backlog.full
        assert room == [True]
        backlog.done(await backlog.next())
        assert room == [True]
        assert (backlog.held, backlog.bytes) == (0, 0)
        await backlog.empty()

    asyncio.run(scenario())


def test_it_is_full_by_the_bytes_of_all_bodies() -> None:
    body = side(b"x" * 10_000)
    large = exchange(old=body, new=body, again=body, request_body=b"x" * 10_000)
    assert 40_000 <= weight(large) < 50_000
    assert weight(exchange(request_lines=[b"X: " + b"x" * 10_000])) > 10_000

    async def scenario() -> None:
        backlog = Backlog(100, 2 * weight(large))
        backlog.put(large)
        assert not backlog.full
        backlog.put(large)
        assert backlog.full

    asyncio.run(scenario())
