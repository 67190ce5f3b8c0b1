"""What the monolith said of a session is believed for a while: for that session, and of what it asked for, alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.vouched import Vouched

from strangler.vouch import TARGET
from tests.proxy.identity.desk import ANN, ANNS, BOBS, Asked, both, facts, head, route, run


def test_what_was_said_of_a_session_is_believed_for_a_while(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            for target in ("/orders/", "/orders/7/", "/orders/?page=2"):
                request = head("GET", target, ANNS)
                pending, future = at_desk.begin(request)
                assert (await at_desk.identity(request)).id == "ann"
                await future
                assert pending is None or target == "/orders/"
            assert len(monolith.asked) == 1

    run(scene)


def test_after_that_while_the_monolith_is_asked_again(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path, cache=0.01) as (monolith, at_desk):
            while len(monolith.asked) < 2:
                assert (await at_desk.identity(head("GET", "/orders/", ANNS))).id == "ann"

    run(scene)


@pytest.mark.parametrize(
    "lines",
    [
        (ANNS + "; theme=dark",),
        (ANNS, "Authorization: Token t"),
        (ANNS, "User-Agent: other"),
        (ANNS, "Accept-Language: de"),
        (BOBS,),
    ],
)
def test_other_credentials_are_somebody_elses(tmp_path: Path, lines: tuple[str, ...]) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            await at_desk.vouch(head("GET", "/orders/", ANNS))
            await at_desk.vouch(head("GET", "/orders/", *lines))
            assert len(monolith.asked) == 2

    run(scene)


def test_another_host_another_client_and_another_route_are_asked_for_apart(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            request = head("GET", "/orders/", ANNS)
            await at_desk.vouch(request)
            await at_desk.vouch(request, forwarded=b"X-Forwarded-For: 192.0.2.1\r\n")
            await at_desk.vouch(request, forwarded=b"X-Forwarded-For: 192.0.2.2\r\n")
            await at_desk.vouch(head("GET", "http://shop.test/orders/", ANNS))
            await at_desk.vouch(request, route("required"))
            assert len(monolith.asked) == 5

    run(scene)


def test_those_who_ask_at_once_for_one_session_ask_once(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            monolith.held.clear()
            requests = [head("GET", f"/orders/{number}/", ANNS) for number in range(20)]
            waiting = [at_desk.begin(request)[1] for request in requests]
            await monolith.until_asked(1)
            monolith.held.set()
            results = await asyncio.gather(*waiting)
            assert len(monolith.asked) == 1
            for request, result in zip(requests, results, strict=True):
                assert isinstance(result, Vouched)
                assert at_desk.verified(request, result).id == "ann"

    run(scene)


def test_many_users_at_once_are_never_mixed(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path, sessions=7) as (_, at_desk):

            async def one(number: int) -> None:
                name = f"user-{number % 13}"
                request = head("GET", f"/orders/{number}/", f"Cookie: sessionid={name}")
                assert (await at_desk.identity(request)).id == name
                if number % 5 == 0:
                    at_desk.vouching.forget(request.lines)

            for _ in range(4):
                await asyncio.gather(*(one(number) for number in range(150)))

    run(scene)


def test_no_more_sessions_are_remembered_than_allowed(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path, sessions=3) as (monolith, at_desk):
            for name in "abcd":
                await at_desk.vouch(head("GET", "/", f"Cookie: sessionid={name}"))
            await at_desk.vouch(head("GET", "/", "Cookie: sessionid=d"))
            assert len(monolith.asked) == 4
            await at_desk.vouch(head("GET", "/", "Cookie: sessionid=a"))
            assert len(monolith.asked) == 5
            assert len(at_desk.vouching._known) == 3
            assert len(at_desk.vouching._by_crumb) == 3

    run(scene)


def test_what_was_said_for_one_url_alone_is_believed_for_no_other(tmp_path: Path) -> None:
    async def scene() -> None:
        def script(asked: Asked) -> dict[str, Any]:
            key = asked.headers[TARGET.lower()].partition("?key=")[2]
            return facts({**ANN, "id": key} if key else None, here=True)

        async with both(tmp_path, script) as (monolith, at_desk):
            on = route("required")
            targets = ["/orders/?key=ann", "/orders/", "/orders/?key=bob"]
            # One after the other from one address, and then all at once.
            for target, name in zip(targets, ["ann", "", "bob"], strict=True):
                assert (await at_desk.identity(head("GET", target, ANNS), on)).id == name
            assert (await at_desk.identity(head("GET", targets[2], ANNS), on)).id == "bob"
            assert len(monolith.asked) == 3
            monolith.held.clear()
            heads = [head("GET", f"/orders/?key={number}", ANNS) for number in range(5)]
            waiting = [at_desk.begin(each, on)[1] for each in heads]
            await monolith.until_asked(4)
            monolith.held.set()
            found = await asyncio.gather(*waiting)
            names = [at_desk.verified(*each).id for each in zip(heads, found, strict=True)]
            assert names == [str(number) for number in range(5)]

    run(scene)


def test_what_is_said_after_its_asker_has_left_is_said_of_the_url_that_it_asked_for(tmp_path: Path) -> None:
    async def scene() -> None:
        def script(asked: Asked) -> dict[str, Any]:
            return facts({**ANN, "id": asked.headers[TARGET.lower()].partition("?key=")[2]}, here=True)

        async with both(tmp_path, script) as (monolith, at_desk):
            monolith.held.clear()
            on = route("required")
            first, _ = at_desk.begin(head("GET", "/orders/?key=ann", ANNS), on)
            bob = head("GET", "/orders/?key=bob", ANNS)
            _, second = at_desk.begin(bob, on)
            await monolith.until_asked(1)
            assert first is not None
            first.cancel()
            monolith.held.set()
            assert at_desk.verified(bob, await second).id == "bob"

    run(scene)


def test_clients_without_credentials_are_never_taken_for_one_another(tmp_path: Path) -> None:
    async def scene() -> None:
        def script(asked: Asked) -> dict[str, Any]:
            key = asked.headers[TARGET.lower()].partition("?key=")[2]
            return facts({**ANN, "id": key} if key else None)

        async with both(tmp_path, script) as (monolith, at_desk):
            on = route("required")
            monolith.held.clear()
            heads = [head("GET", target) for target in ("/orders/?key=ann", "/orders/", "/orders/")]
            waiting = [at_desk.begin(each, on)[1] for each in heads]
            await monolith.until_asked(3)
            monolith.held.set()
            found = await asyncio.gather(*waiting)
            names = [at_desk.verified(*each).id for each in zip(heads, found, strict=True)]
            assert names == ["ann", "", ""]
            assert (await at_desk.identity(heads[1], on)).id == ""
            assert len(monolith.asked) == 4

    run(scene)


@pytest.mark.parametrize("spelled", ['"ann"', '"\\141nn"', " ann", "ann\xc2\xa0", "x; \xc2\xa0sessionid=ann"])
def test_no_other_spelling_of_a_session_is_known_after_its_logout(tmp_path: Path, spelled: str) -> None:
    async def scene() -> None:
        async with both(tmp_path, lambda _: facts(ANN)) as (monolith, at_desk):
            other = head("GET", "/orders/", f"Cookie: sessionid={spelled}")
            await at_desk.identity(other)
            at_desk.vouching.forget(head("POST", "/logout/", ANNS).lines)
            await at_desk.identity(other)
            assert len(monolith.asked) == 2

    run(scene)


def test_of_a_client_with_more_sessions_than_anybody_has_nothing_is_remembered(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            many = "Cookie: " + "; ".join(f"sessionid={number}" for number in range(1000)) + "; sessionid=ann"
            for _ in range(2):
                await at_desk.identity(head("GET", "/orders/", many))
            assert len(monolith.asked) == 2
            assert not at_desk.vouching._known
            assert not at_desk.vouching._by_crumb

    run(scene)


def test_who_gives_up_waiting_keeps_nobody_else_from_the_answer(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            monolith.held.clear()
            pending, first = at_desk.begin(head("GET", "/a", ANNS))
            request = head("GET", "/b", ANNS)
            _, second = at_desk.begin(request)
            assert pending is not None
            pending.cancel()
            monolith.held.set()
            result = await second
            assert isinstance(result, Vouched)
            assert not first.done()

    run(scene)


def test_when_all_have_given_up_nobody_is_asked_and_the_next_one_asks_anew(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            monolith.held.clear()
            pending, _ = at_desk.begin(head("GET", "/a", ANNS))
            assert pending is not None
            await monolith.until_asked(1)
            pending.cancel()
            monolith.held.set()
            assert (await at_desk.identity(head("GET", "/a", ANNS))).id == "ann"
            assert len(monolith.asked) == 2

    run(scene)
