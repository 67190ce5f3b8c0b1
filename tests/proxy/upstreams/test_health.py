"""Addresses that are asked how they are."""

from __future__ import annotations

import asyncio

from strangler_proxy.config.upstreams import HealthCheck

from tests.proxy.upstreams.pools import Server, Turn, asked, ok, pool_of, run, until

OFTEN = HealthCheck("/health/ready", interval=0.02, timeout=1.0, rises=2, falls=2)


class Service(Server):
    """Answers probes with `status`, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.status = 200
        self.heads: list[bytes] = []
        self.probes = 0
        self.customers = 0

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            if head.startswith(b"GET /health/ready "):
                self.probes += 1
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % self.status)
            else:
                self.customers += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_a_sick_address_gets_no_requests_until_it_is_well_again() -> None:
    async def test() -> None:
        async with Service() as one, Service() as other, pool_of(one.address, other.address, health=OFTEN) as pool:
            one.status = 503
            await until(lambda: not pool.endpoints[0].healthy)
            before = one.customers
            for _ in range(6):
                await asked(pool)
            assert (one.customers, other.customers) == (before, 6)
            assert pool.stats(0.0)["endpoints"][0]["probes_failed"] >= 2
            one.status = 204
            await until(lambda: pool.endpoints[0].healthy)
            for _ in range(6):
                await asked(pool)
            assert one.customers == before + 3

    run(test())


def test_an_upstream_of_sick_addresses_refuses_and_comes_back() -> None:
    async def test() -> None:
        async with Service() as service, pool_of(service.address, health=OFTEN) as pool:
            service.status = 500
            await until(lambda: not pool.endpoints[0].healthy)
            assert (pool.enter(Turn()), pool.refusal) == (-1, "unhealthy")
            service.status = 200
            await until(lambda: pool.endpoints[0].healthy)
            assert pool.enter(Turn()) > 0

    run(test())


def test_the_last_resort_is_asked_even_when_it_is_sick() -> None:
    async def test() -> None:
        async with Service() as service, pool_of(service.address, health=OFTEN, last_resort=True) as pool:
            service.status = 503
            await until(lambda: not pool.endpoints[0].healthy)
            assert not isinstance(await asked(pool), str)

    run(test())


def test_those_who_wait_are_refused_when_the_upstream_turns_sick() -> None:
    async def test() -> None:
        async with (
            Service() as service,
            pool_of(service.address, health=OFTEN, in_flight=1, waiting_timeout=20) as pool,
        ):
            pool.enter(Turn())
            waiting = Turn()
            pool.enter(waiting)
            service.status = 503
            await until(lambda: waiting.told)
            assert waiting.told == ["unhealthy"]

    run(test())


def test_an_address_where_nobody_listens_turns_sick_and_is_not_counted_as_a_customers_failure() -> None:
    async def test() -> None:
        service = Service()
        async with service:
            pass
        async with pool_of(service.address, health=OFTEN) as pool:
            await until(lambda: not pool.endpoints[0].healthy)
            stats = pool.stats(0.0)
            assert (stats["connect_failures"]["refused"], stats["endpoints"][0]["ejections"]) == (0, 0)
            async with service:
                await until(lambda: pool.endpoints[0].healthy)

    run(test())


def test_a_probe_that_gets_no_answer_in_time_has_failed() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def test() -> None:
        impatient = HealthCheck("/", interval=0.02, timeout=0.05, falls=1)
        async with Server(hang) as server, pool_of(server.address, health=impatient) as pool:
            await until(lambda: not pool.endpoints[0].healthy)
            server.script = ok
            await until(lambda: pool.endpoints[0].healthy)

    run(test())


def test_probes_ask_past_a_full_bulkhead_and_name_the_host_that_was_chosen() -> None:
    async def test() -> None:
        named = HealthCheck("/health/ready", interval=0.02, host="shop.example")
        async with Service() as service, pool_of(service.address, health=named, in_flight=1) as pool:
            pool.enter(Turn())
            await until(lambda: service.probes >= 2)
            assert b"\r\nHost: shop.example\r\n" in service.heads[0]
        async with Service() as service, pool_of(service.address, health=OFTEN) as pool:
            await until(lambda: service.probes)
            assert b"\r\nHost: %b\r\n" % str(service.address).encode() in service.heads[0]

    run(test())


def test_one_failed_probe_makes_nobody_sick() -> None:
    async def test() -> None:
        patient = HealthCheck("/health/ready", interval=0.02, falls=3)
        async with Service() as service, pool_of(service.address, health=patient) as pool:
            service.status = 503
            await until(lambda: pool.endpoints[0].probes_failed == 1)
            service.status = 200
            await until(lambda: pool.endpoints[0].probe_results > 0)
            assert pool.endpoints[0].healthy

    run(test())
