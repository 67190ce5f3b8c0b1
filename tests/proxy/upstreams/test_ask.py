"""One small request of our own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from strangler_proxy.ask import Answered, ask
from strangler_proxy.config import Address

from strangler.resilience import BreakerSettings
from tests.proxy.upstreams.pools import Server, Turn, asked, free_port, ok, pool_of, run, until


def answering(*pieces: bytes, close: bool = False) -> Any:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.002)
            if close:
                return

    return script


def told(script: Any, request: bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", **more: Any) -> Answered | str:
    async def test() -> Answered | str:
        async with Server(script) as server, pool_of(server.address) as pool:
            result = await asked(pool, request, **more)
            stats = pool.stats(pool.loop.time())
            assert (stats["in_flight"], stats["waiting"], stats["connections"]["in_use"]) == (0, 0, 0)
            return result

    return run(test())


@pytest.mark.parametrize(
    ("pieces", "close", "body"),
    [
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhe", b"llo"), False, b"hello"),
        (
            (b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", b"2\r\nlo\r\n0\r\n\r\n"),
            False,
            b"hello",
        ),
        ((b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhel", b"lo"), True, b"hello"),
        ((b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",), False, b""),
        ((b"HTTP/1.1 103 Early\r\n\r\n", b"HTTP/1.1 302 Found\r\nX-A: b\r\nContent-Length: 0\r\n\r\n"), False, b""),
        ((b"HTTP", b"/1.1 200 OK\r\nX-A: b\r\nContent-Le", b"ngth: 5\r\n\r", b"\nhello"), False, b"hello"),
    ],
)
def test_an_answer_in_any_framing_is_read_whole(pieces: tuple[bytes, ...], close: bool, body: bytes) -> None:
    result = told(answering(*pieces, close=close))
    assert isinstance(result, Answered)
    assert result.status in (200, 204, 302)
    assert b"X-A: b" in result.lines
    assert result.body == body


def test_the_answer_to_head_has_no_body() -> None:
    result = told(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert isinstance(result, Answered)
    assert result.body == b""


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (answering(b"SSH-2.0\r\n\r\n"), "garbage"),
        (answering(b"HTTP/1.1 101 X\r\nUpgrade: a\r\n\r\n"), "garbage"),
        (answering(b"x" * 70_000), "garbage"),
        (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "garbage"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", close=True), "reset"),
        (answering(b"HTTP/1.1 200", close=True), "reset"),
        (answering(close=True), "reset"),
    ],
)
def test_what_is_no_whole_answer_is_told_as_what_it_is(script: Any, why: str) -> None:
    assert told(script) == why


def test_a_body_over_the_bound_is_not_read_on() -> None:
    assert told(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + b"x" * 50), most=49) == "too-long"
    assert isinstance(told(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + b"x" * 50), most=50), Answered)


@pytest.mark.parametrize("pieces", [(), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx",)])
def test_an_answer_that_does_not_come_in_time_is_not_waited_for(pieces: tuple[bytes, ...]) -> None:
    assert told(answering(*pieces), seconds=0.1) == "timeout"


def test_nobody_listening_is_told() -> None:
    async def test() -> None:
        async with pool_of(Address("127.0.0.1", free_port())) as pool:
            assert await asked(pool) == "refused"

    run(test())


def test_a_refusal_is_told_later_and_a_full_bulkhead_is_waited_for() -> None:
    async def test() -> None:
        async with Server() as server, pool_of(server.address, in_flight=1, waiting=1) as pool:
            permit = pool.enter(Turn())
            first = asyncio.create_task(asked(pool))
            await asyncio.sleep(0)
            assert await asked(pool) == "bulkhead-full"
            assert await asyncio.wait_for(asked(pool, seconds=0.05), 5) == "bulkhead-full"
            pool.leave(permit, 0)
            assert not isinstance(await first, str)

    run(test())


def test_one_that_waits_in_vain_leaves_the_queue() -> None:
    async def test() -> None:
        async with Server() as server, pool_of(server.address, in_flight=1) as pool:
            pool.enter(Turn())
            assert await asked(pool, seconds=0.05) == "timeout"
            assert pool.stats(0.0)["waiting"] == 0

    run(test())


def test_one_that_is_given_up_tells_nothing_and_holds_nothing() -> None:
    async def test() -> None:
        results: list[Any] = []
        async with Server(answering()) as server, pool_of(server.address, in_flight=2) as pool:
            asks = [ask(pool, b"GET / HTTP/1.1\r\n\r\n", seconds=20, most=1, done=results.append) for _ in range(4)]
            await until(lambda: server.accepted == 2)
            for each in asks:
                each.cancel()
                each.cancel()
            stats = pool.stats(pool.loop.time())
            assert (stats["in_flight"], stats["waiting"], stats["connections"]["in_use"]) == (0, 0, 0)
            assert results == []

    run(test())


def test_a_connection_is_used_again_and_a_stale_one_costs_a_get_nothing() -> None:
    async def test() -> None:
        async with Server() as server, pool_of(server.address, keep_alive=20) as pool:
            for _ in range(3):
                assert not isinstance(await asked(pool), str)
            assert server.accepted == 1
            seen = 0

            async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                nonlocal seen
                await reader.readuntil(b"\r\n\r\n")
                seen += 1
                if seen > 1:
                    return
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await reader.readuntil(b"\r\n\r\n")
                server.script = ok

            server.reset()
            await until(lambda: not len(pool))
            server.script = once
            assert not isinstance(await asked(pool), str)
            assert not isinstance(await asked(pool), str)

    run(test())


def test_a_post_on_a_stale_connection_is_not_sent_twice() -> None:
    async def test() -> None:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await reader.readuntil(b"\r\n\r\n")

        post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        async with Server(once) as server, pool_of(server.address, keep_alive=20) as pool:
            assert not isinstance(await asked(pool, post), str)
            assert await asked(pool, post) == "reset"
            assert server.accepted == 1

    run(test())


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_a_server_that_cannot_work_says_opens_the_breaker(status: int) -> None:
    async def test() -> None:
        script = answering(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
        breaker = BreakerSettings(consecutive_failures=2)
        async with Server(script) as server, pool_of(server.address, breaker=breaker) as pool:
            results = [await asked(pool) for _ in range(3)]
            assert [each if isinstance(each, str) else each.status for each in results] == [
                status,
                status,
                "breaker-open",
            ]

    run(test())


def test_a_broken_page_does_not_open_the_breaker() -> None:
    async def test() -> None:
        script = answering(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")
        async with (
            Server(script) as server,
            pool_of(server.address, breaker=BreakerSettings(consecutive_failures=1)) as pool,
        ):
            for _ in range(5):
                assert not isinstance(await asked(pool), str)

    run(test())
