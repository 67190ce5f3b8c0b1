"""Connections to an upstream: made, given up, kept, bounded."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any, cast

import pytest
from strangler_proxy.ask import Answered, ask
from strangler_proxy.config import Address, Upstream
from strangler_proxy.outcome import SUCCEEDED
from strangler_proxy.pool import Pool
from strangler_proxy.upstream import UpstreamConnection

from tests.proxy.upstreams.pools import (
    SECONDS,
    FakeResolver,
    Server,
    Turn,
    asked,
    connected,
    free_port,
    pool_of,
    run,
    until,
)


def in_use(pool: Pool) -> tuple[int, int, int]:
    connections = pool.stats(pool.loop.time())["connections"]
    return connections["in_use"], connections["connecting"], connections["open"]


def test_a_connection_is_made_used_again_and_forgotten_when_the_other_end_closes_it() -> None:
    async def test() -> None:
        async with Server() as server, pool_of(server.address, keep_alive=20) as pool:
            connection = await connected(pool)
            assert isinstance(connection, UpstreamConnection)
            assert in_use(pool) == (1, 0, 1)
            pool.give(connection)
            assert in_use(pool) == (0, 0, 1)
            assert pool.take(surely=False) is connection
            pool.give(connection)
            server.reset()
            await until(lambda: len(pool) == 0)
            assert in_use(pool) == (0, 0, 0)

    run(test())


def test_a_refused_connection_is_told_and_counted() -> None:
    async def test() -> None:
        async with pool_of(Address("127.0.0.1", free_port())) as pool:
            assert await connected(pool) == "refused"
            assert pool.stats(0.0)["connect_failures"]["refused"] == 1
            assert in_use(pool) == (0, 0, 0)

    run(test())


def test_a_connection_that_takes_too_long_is_given_up() -> None:
    async def test() -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(0)
            queued = []
            for _ in range(4):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(deaf.getsockname())
                queued.append(one)
            async with pool_of(Address("127.0.0.1", deaf.getsockname()[1]), connect_timeout=0.2) as pool:
                assert await connected(pool) == "connect-timeout"
                assert pool.stats(0.0)["connect_failures"]["connect-timeout"] == 1
                assert in_use(pool) == (0, 0, 0)
            for one in queued:
                one.close()

    run(test())


@pytest.mark.parametrize("turns", range(6))
def test_a_connection_in_the_making_can_be_given_up(turns: int) -> None:
    async def test() -> None:
        told: list[Any] = []
        async with Server() as server, pool_of(server.address) as pool:
            connecting = pool.connect(told.append, told.append)
            for _ in range(turns):
                await asyncio.sleep(0)
            was_made = bool(told)
            connecting.cancel()
            connecting.cancel()
            assert in_use(pool)[:2] == (was_made, 0)
            if was_made:
                told.pop().abort()
            await until(lambda: in_use(pool)[2] == len(pool))
            assert in_use(pool)[:2] == (0, 0)
            assert told == []

    run(test())


def test_giving_up_after_it_was_made_does_nothing() -> None:
    async def test() -> None:
        told: list[Any] = []
        async with Server() as server, pool_of(server.address) as pool:
            connecting = pool.connect(told.append, told.append)
            await until(lambda: told)
            connecting.cancel()
            assert in_use(pool) == (1, 0, 1)
            told[0].abort()
            assert in_use(pool)[0] == 0

    run(test())


def test_a_pool_that_closes_gives_up_what_it_was_making() -> None:
    async def test() -> None:
        told: list[Any] = []
        async with Server() as server, pool_of(server.address) as pool:
            pool.connect(told.append, told.append)
        await asyncio.sleep(0.05)
        assert told == []
        assert in_use(pool)[1] == 0

    run(test())


def test_whatever_goes_wrong_in_the_making_is_told_and_nobody_waits_for_ever() -> None:
    async def test() -> None:
        problems: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(str(context["message"])))
        async with Server() as server, pool_of(server.address) as pool:
            # The event loop says TypeError to it, which no failure of a network is.
            pool.context = cast("ssl.SSLContext", object())
            assert await connected(pool) == "refused"
            assert in_use(pool) == (0, 0, 0)
            assert "upstream catalog: a connection could not be made" in problems

    run(test())


class Stillborn(asyncio.SelectorEventLoop):
    """Its connections have ended when one is told that they are there."""

    async def create_connection(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        protocol, transport = protocol_factory(), asyncio.Transport()
        protocol.connection_made(transport)
        protocol.connection_lost(None)
        return transport, protocol


def test_a_connection_that_ends_as_it_is_made_does_not_count_as_in_use_for_ever() -> None:
    async def test() -> None:
        pool = Pool(Upstream("catalog", Address("127.0.0.1", 1)), asyncio.get_running_loop())
        connection = await connected(pool)
        assert isinstance(connection, UpstreamConnection)
        assert connection.closed
        assert in_use(pool) == (0, 0, 0)

    with asyncio.Runner(loop_factory=Stillborn) as runner:
        runner.run(test())


def test_a_taker_that_fails_leaks_no_connection_and_hears_that_it_has_none() -> None:
    async def test() -> None:
        problems: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(str(context["exception"])))
        told: list[str] = []

        def made(connection: UpstreamConnection) -> None:
            raise RuntimeError("ours")

        async with Server() as server, pool_of(server.address) as pool:
            pool.connect(made, told.append)
            await until(lambda: told)
            assert told == ["refused"]
            await until(lambda: in_use(pool) == (0, 0, 0))
            assert problems == ["ours"]

    run(test())


def test_an_exchange_that_fails_as_it_takes_over_hears_of_the_end() -> None:
    async def test() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        told: list[Answered | str] = []
        async with Server() as server, pool_of(server.address, in_flight=1) as pool:
            assert pool.enter(Turn()) > 0
            # One of ours that waits for its turn, and no fake: compiled, a connection is held by compiled classes only.
            exchange = ask(pool, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", seconds=SECONDS, most=9, done=told.append)

            def made(connection: UpstreamConnection) -> None:
                connection.exchange = exchange
                raise RuntimeError("ours")

            pool.connect(made, lambda _: None)
            assert await until(lambda: told) == ["reset"]
            assert in_use(pool) == (0, 0, 0)

    run(test())


def test_another_address_is_tried_when_one_cannot_be_reached() -> None:
    async def test() -> None:
        async with Server() as server, pool_of(Address("127.0.0.1", free_port()), server.address) as pool:
            for _ in range(6):
                connection = await connected(pool)
                assert isinstance(connection, UpstreamConnection)
                connection.abort()
            assert server.accepted == 6

    run(test())


def test_an_address_that_cannot_be_reached_is_ejected_and_comes_back() -> None:
    async def test() -> None:
        gone = Server()
        async with gone:
            pass
        async with Server() as server, pool_of(gone.address, server.address, eject_after=2, eject_time=0.05) as pool:
            dead = pool.endpoints[0]
            while not dead.ejections:
                assert await asked(pool) != "refused"
            assert pool.stats(pool.loop.time())["endpoints"][0]["ejected"]
            async with gone:
                await until(lambda: dead.ejected_until <= pool.loop.time())
                while not gone.accepted:
                    assert await asked(pool) != "refused"
                await until(lambda: not dead.suspect)

    run(test())


def test_requests_go_to_the_address_with_the_least_under_way() -> None:
    async def test() -> None:
        async with Server() as one, Server() as other, pool_of(one.address, other.address) as pool:
            held = [await connected(pool) for _ in range(4)]
            assert (one.accepted, other.accepted) == (2, 2)
            for each in held:
                assert isinstance(each, UpstreamConnection)
                if each.endpoint is pool.endpoints[0]:
                    each.abort()
            for _ in range(2):
                await connected(pool)
            assert (one.accepted, other.accepted) == (4, 2)

    run(test())


def test_an_address_that_resets_new_connections_is_ejected() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async def test() -> None:
        async with Server(reset) as bad, Server() as good, pool_of(bad.address, good.address, eject_after=2) as pool:
            results = [await asked(pool) for _ in range(12)]
            assert results.count("reset") == 2
            assert pool.endpoints[0].ejections == 1

    run(test())


def test_an_unused_connection_makes_room_for_one_to_another_address() -> None:
    async def test() -> None:
        async with (
            Server() as one,
            Server() as other,
            pool_of(one.address, other.address, max_connections=1, keep_alive=20) as pool,
        ):
            for _ in range(6):
                assert pool.enter(Turn()) > 0
                connection = pool.take(surely=False) or await connected(pool)
                assert isinstance(connection, UpstreamConnection)
                pool.give(connection)
                pool.leave(1, SUCCEEDED)
                assert len(pool) == 1
            await until(lambda: one.open + other.open == 1)

    run(test())


def test_a_tunnel_takes_a_connections_place_until_it_ends_but_never_the_last_one() -> None:
    async def test() -> None:
        async with Server() as server, pool_of(server.address, max_connections=2, in_flight=2) as pool:
            tunnels = []
            for _ in range(2):
                permit = pool.enter(Turn())
                tunnel = await connected(pool)
                assert isinstance(tunnel, UpstreamConnection)
                pool.detach(tunnel)
                pool.leave(permit, SUCCEEDED)
                tunnels.append(tunnel)
            assert pool.enter(Turn()) > 0
            waiting = Turn()
            assert pool.enter(waiting) == 0
            tunnels[0].abort()
            tunnels[1].close()
            await until(lambda: waiting.told)
            assert pool.stats(0.0)["in_flight_most"] == 2

    run(test())


def test_what_a_pool_tells_is_plain_and_complete() -> None:
    async def test() -> None:
        async with Server() as server, pool_of(server.address, keep_alive=20) as pool:
            await asked(pool)
            stats = pool.stats(pool.loop.time())
            assert stats == {
                "upstream": "catalog",
                "in_flight": 0,
                "in_flight_most": 1024,
                "waiting": 0,
                "waiting_most": 128,
                "connections": {"in_use": 0, "unused": 1, "connecting": 0, "open": 1},
                "connections_made": 1,
                "refused": {"breaker-open": 0, "bulkhead-full": 0, "bulkhead-timeout": 0, "unhealthy": 0},
                "connect_failures": {"unresolved": 0, "refused": 0, "connect-timeout": 0, "tls": 0},
                "breaker": "off",
                "breaker_opened": 0,
                "endpoints": [
                    {
                        "address": str(server.address),
                        "healthy": True,
                        "ejected": False,
                        "in_use": 0,
                        "unused": 1,
                        "ejections": 0,
                        "probes_failed": 0,
                    }
                ],
                "dns_age": None,
                "dns_failures": 0,
                "dns_failing": [],
            }

    run(test())


def test_waiting_for_a_name_counts_as_connecting_and_can_be_given_up() -> None:
    async def test() -> None:
        resolver = FakeResolver(catalog=["127.0.0.1"])
        resolver.gate = asyncio.Event()
        told: list[Any] = []
        async with pool_of(Address("catalog", 80), resolver=resolver) as pool:
            connecting = pool.connect(told.append, told.append)
            await until(lambda: resolver.asked)
            assert in_use(pool) == (0, 1, 0)
            connecting.cancel()
            resolver.gate.set()
            await until(lambda: pool.endpoints)
            assert (in_use(pool), told) == ((0, 0, 0), [])

    run(test())


def test_the_upstreams_own_addresses_are_in_its_files_order() -> None:
    upstream = Upstream("a", Address("a", 1), others=(Address("b", 2),))
    assert [str(each) for each in upstream.addresses] == ["a:1", "b:2"]
    assert str(upstream) == "http://a:1, http://b:2"
