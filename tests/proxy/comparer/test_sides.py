"""Asking the sides again, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from strangler_proxy.comparer.sides import Sides
from strangler_proxy.config.values import Address, Config, ShadowSettings

from tests.proxy.comparer.exchanges import exchange
from tests.proxy.control.fakes import config
from tests.proxy.upstreams.pools import Server, free_port, run

PRIVATE = b"Set-Cookie: sessionid=x"
OWN = b"Set-Cookie: theme=dark"


class Upstreams:
    """A monolith and a candidate that keep what they were asked, and answer with `answer`."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.busy = self.busiest = 0
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            self.asked.append(head)
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
            await self.go.wait()
            self.busy -= 1
            writer.write(self.answer(head))


def said(body: bytes = b"ok", *lines: bytes) -> bytes:
    head = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), head, body)


def configured(monolith: int, catalog: int, **shadow: Any) -> Config:
    base = config(Path("/nowhere"))
    upstreams = {
        "monolith": replace(base.upstreams["monolith"], address=Address("127.0.0.1", monolith)),
        "catalog": replace(base.upstreams["catalog"], address=Address("127.0.0.1", catalog)),
    }
    return replace(base, upstreams=upstreams, shadow=ShadowSettings(**shadow))


@asynccontextmanager
async def sides(upstreams: Upstreams, **shadow: Any) -> AsyncIterator[Sides]:
    async with Server(upstreams) as server:
        found = Sides(configured(server.address.port, server.address.port, **shadow))
        try:
            yield found
        finally:
            found.close()


def test_both_sides_are_asked_again_each_in_its_own_way() -> None:
    async def scenario() -> None:
        upstreams = Upstreams(lambda _: said(b"hello"))
        async with sides(upstreams) as asks:
            for asking in (asks.monolith, asks.candidate):
                answer = await asking(exchange())
                assert answer is not None
                assert (answer.status, answer.body) == (200, b"hello")
                assert answer.seconds > 0
            assert [head.split(b" ")[1] for head in upstreams.asked] == [b"/products/7/?a=1", b"/v1/products/7?a=1"]
            assert [b"sessionid" in head for head in upstreams.asked] == [True, False]
            assert all(b"X-Strangler-Shadow: read\r\n" in head for head in upstreams.asked)
            assert asks.asked == {"monolith": 1, "catalog": 1}
            assert not asks.unanswered

    run(scenario())


def test_a_candidate_sets_no_cookies_of_the_monoliths_and_the_monolith_does() -> None:
    async def scenario() -> None:
        async with sides(Upstreams(lambda _: said(b"", PRIVATE, OWN))) as asks:
            old, new = await asks.monolith(exchange()), await asks.candidate(exchange())
            assert old is not None
            assert new is not None
            assert [line for line in old.lines if line.startswith(b"Set-Cookie")] == [PRIVATE, OWN]
            assert [line for line in new.lines if line.startswith(b"Set-Cookie")] == [OWN]

    run(scenario())


def test_a_candidate_that_is_another_release_by_now_says_nothing_of_the_one_before() -> None:
    async def scenario() -> None:
        async with sides(Upstreams(lambda _: said(b"", b"X-Strangler-Release: 1.5"))) as asks:
            assert await asks.candidate(exchange()) is None
            assert asks.unanswered == {("catalog", "other-release"): 1}
            same = await asks.candidate(exchange(release="1.5"))
            assert same is not None
            assert same.lines == [b"Content-Length: 0"]

    run(scenario())


def test_a_route_that_is_not_configured_here_has_no_candidate() -> None:
    async def scenario() -> None:
        async with sides(Upstreams(lambda _: said())) as asks:
            assert await asks.candidate(exchange(route="unknown")) is None

    run(scenario())


def test_a_side_that_is_gone_hangs_or_talks_nonsense_is_no_answer_and_counted() -> None:
    async def scenario() -> None:
        upstreams = Upstreams(lambda _: b"nonsense\r\n\r\n")
        async with Server(upstreams) as server:
            asks = Sides(configured(server.address.port, free_port(), timeout=0.2))
            assert await asks.monolith(exchange()) is None
            assert await asks.candidate(exchange()) is None
            upstreams.go.clear()
            assert await asks.monolith(exchange()) is None
            assert asks.unanswered == {
                ("monolith", "garbage"): 1,
                ("catalog", "refused"): 1,
                ("monolith", "timeout"): 1,
            }
            asks.close()
            upstreams.go.set()

    run(scenario())


def test_an_answer_that_is_too_long_is_none() -> None:
    async def scenario() -> None:
        async with sides(Upstreams(lambda _: said(b"x" * 2000)), body_bytes=1000) as asks:
            assert await asks.monolith(exchange()) is None
            assert asks.unanswered == {("monolith", "too-long"): 1}

    run(scenario())


def test_no_more_than_so_many_are_under_way_and_all_have_their_turn() -> None:
    async def scenario() -> None:
        upstreams = Upstreams(lambda _: said())
        async with sides(upstreams, in_flight=3) as asks:
            answers = await asyncio.gather(*(asks.monolith(exchange()) for _ in range(20)))
            assert all(answers)
            assert upstreams.busiest <= 3
            assert asks.asked == {"monolith": 20}

    run(scenario())


def test_no_more_than_so_many_a_second_are_asked() -> None:
    async def scenario() -> None:
        async with sides(Upstreams(lambda _: said()), rate=2.0) as asks:
            answers = [await asks.monolith(exchange()) for _ in range(50)]
            assert 2 <= len([each for each in answers if each]) < 40
            assert asks.unanswered["monolith", "rate"] > 0

    run(scenario())


def test_whoever_gives_up_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        upstreams = Upstreams(lambda _: said())
        async with sides(upstreams, in_flight=1) as asks:
            upstreams.go.clear()
            asking = asyncio.create_task(asks.monolith(exchange()))
            while not upstreams.asked:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.005)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            upstreams.go.set()
            assert await asks.monolith(exchange()) is not None

    run(scenario())
