"""Where an upstream's name leads, as that changes."""

from __future__ import annotations

import asyncio
import socket

import pytest
from strangler_proxy.config import Address
from strangler_proxy.pool import Pool
from strangler_proxy.resolver import SystemResolver, servers
from strangler_proxy.upstream import UpstreamConnection

from tests.proxy.upstreams.pools import FakeResolver, Server, asked, connected, pool_of, run, until


def names(pool: Pool) -> list[str]:
    return [endpoint.hosts[0] for endpoint in pool.endpoints]


def test_a_name_stands_for_all_its_addresses_and_is_looked_up_once_for_many_requests() -> None:
    async def test() -> None:
        resolver = FakeResolver(catalog=["127.0.0.1", "127.0.0.2", "10.9.9.9"])
        async with (
            Server() as server,
            pool_of(Address("catalog", server.address.port), resolver=resolver) as pool,
        ):
            await asyncio.gather(*(asked(pool) for _ in range(5)))
            assert names(pool) == ["127.0.0.1", "127.0.0.2", "10.9.9.9"]
            assert resolver.asked == {"catalog": 1}

    run(test())


def test_an_ip_address_is_never_looked_up() -> None:
    async def test() -> None:
        resolver = FakeResolver()
        async with Server() as server, pool_of(server.address, resolver=resolver) as pool:
            assert not isinstance(await asked(pool), str)
            assert resolver.asked == {}

    run(test())


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("no label"), OSError("down")])
def test_an_unknown_name_is_unresolved_and_looked_up_again_but_not_for_every_request(error: Exception) -> None:
    async def test() -> None:
        resolver = FakeResolver(catalog=error)
        async with (
            Server() as server,
            pool_of(Address("catalog", server.address.port), resolver=resolver) as pool,
        ):
            for _ in range(20):
                assert await asked(pool) == "unresolved"
            assert resolver.asked["catalog"] <= 2
            stats = pool.stats(pool.loop.time())
            assert (stats["endpoints"], stats["dns_age"], stats["dns_failing"]) == ([], None, ["catalog"])
            resolver.names["catalog"] = ["127.0.0.1"]
            await until(lambda: pool.endpoints)
            assert not isinstance(await asked(pool), str)
            assert pool.stats(pool.loop.time())["dns_failing"] == []

    run(test())


def test_a_name_that_is_not_answered_for_is_unresolved_in_the_time_of_a_connection() -> None:
    async def test() -> None:
        resolver = FakeResolver(catalog=["127.0.0.1"])
        resolver.gate = asyncio.Event()
        async with pool_of(Address("catalog", 80), resolver=resolver, connect_timeout=0.1) as pool:
            assert await connected(pool) == "unresolved"

    run(test())


def test_a_name_that_is_unknown_later_keeps_its_last_addresses() -> None:
    async def test() -> None:
        resolver = FakeResolver(catalog=["127.0.0.1"])
        async with (
            Server() as server,
            pool_of(Address("catalog", server.address.port), resolver=resolver, dns_refresh=0.02) as pool,
        ):
            await until(lambda: pool.endpoints)
            resolver.names["catalog"] = OSError("gone")
            await until(lambda: pool.stats(0.0)["dns_failures"] >= 2)
            assert names(pool) == ["127.0.0.1"]
            assert not isinstance(await asked(pool), str)
            resolver.names["catalog"] = []
            failures = pool.stats(0.0)["dns_failures"]
            await until(lambda: pool.stats(0.0)["dns_failures"] > failures)
            assert names(pool) == ["127.0.0.1"]
            assert pool.stats(pool.loop.time())["dns_age"] > 0

    run(test())


def test_an_address_that_vanishes_drains_and_one_that_stays_keeps_its_connections() -> None:
    async def test() -> None:
        resolver = FakeResolver(catalog=["127.0.0.1", "127.0.0.2"])
        async with Server(host="0.0.0.0") as server:
            where = Address("catalog", server.address.port)
            async with pool_of(where, resolver=resolver, dns_refresh=0.02, keep_alive=20) as pool:
                await until(lambda: pool.endpoints)
                # 127.0.0.1 and 127.0.0.2 from one name are this machine's one server, unless another is among them.
                resolver.names["catalog"] = ["127.0.0.1"]
                await until(lambda: pool.endpoints[0].hosts == ("127.0.0.1",))
                held = await connected(pool)
                assert isinstance(held, UpstreamConnection)
                unused = await connected(pool)
                assert isinstance(unused, UpstreamConnection)
                pool.give(unused)
                stays = pool.endpoints[0]
                resolver.names["catalog"] = ["127.0.0.1", "10.9.9.9"]
                await until(lambda: len(pool.endpoints) == 2)
                assert pool.endpoints[0] is stays
                assert not unused.closed
                resolver.names["catalog"] = ["10.9.9.9"]
                await until(lambda: stays.gone)
                assert unused.closed
                assert not held.closed
                pool.give(held)
                assert held.closed

    run(test())


def test_names_in_another_order_change_nothing() -> None:
    async def test() -> None:
        resolver = FakeResolver(catalog=["10.0.0.1", "10.0.0.2"])
        async with pool_of(Address("catalog", 80), resolver=resolver, dns_refresh=0.02) as pool:
            await until(lambda: pool.endpoints)
            before = list(pool.endpoints)
            resolver.names["catalog"] = ["10.0.0.2", "10.0.0.1"]
            count = resolver.asked["catalog"]
            await until(lambda: resolver.asked["catalog"] > count + 1)
            assert pool.endpoints == before

    run(test())


def test_a_name_is_looked_up_once_where_it_shall_not_be_refreshed() -> None:
    async def test() -> None:
        resolver = FakeResolver(catalog=["127.0.0.1"])
        async with (
            Server() as server,
            pool_of(Address("catalog", server.address.port), resolver=resolver, dns_refresh=0) as pool,
        ):
            for _ in range(20):
                await asked(pool)
            assert resolver.asked == {"catalog": 1}

    run(test())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_localhost_is_reached_on_whichever_address_somebody_listens(host: str) -> None:
    async def test() -> None:
        resolver = FakeResolver(localhost=["::1", "127.0.0.1"])
        async with (
            Server(host=host) as server,
            pool_of(Address("localhost", server.address.port), resolver=resolver) as pool,
        ):
            for _ in range(3):
                assert isinstance(await connected(pool), UpstreamConnection)
            assert server.accepted == 3
            assert [endpoint.hosts[0] for endpoint in pool.endpoints] == [host]

    run(test())


def test_only_loopback_addresses_are_one_server() -> None:
    assert servers(("::1", "127.0.0.1")) == [("::1", "127.0.0.1")]
    assert servers(("10.0.0.1", "127.0.0.1")) == [("10.0.0.1",), ("127.0.0.1",)]
    assert servers(("10.0.0.1",)) == [("10.0.0.1",)]
    assert servers(()) == []


def test_the_systems_resolver_knows_localhost_and_not_what_is_invalid() -> None:
    async def test() -> None:
        resolver = SystemResolver()
        assert set(await resolver.hosts("localhost")) <= {"127.0.0.1", "::1"}
        with pytest.raises(OSError):
            await resolver.hosts("nowhere.invalid")

    run(test())
