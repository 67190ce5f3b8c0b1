"""A logout ends what is remembered of a session, in the worker that saw it and in all the others."""

from __future__ import annotations

import asyncio
from pathlib import Path

from strangler_proxy.credentials import crumb_digest
from strangler_proxy.vouched import Vouched

from tests.proxy.identity.desk import ANNS, BOBS, both, facts, head, run


def test_after_a_logout_the_session_is_asked_for_again_and_no_other(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            for lines in (ANNS, BOBS):
                await at_desk.vouch(head("GET", "/", lines))
            at_desk.vouching.forget(head("POST", "/logout/", "Cookie: theme=x; sessionid=ann; a=b").lines)
            monolith.script = lambda _: facts(None)
            assert (await at_desk.identity(head("GET", "/", ANNS))).id == ""
            assert (await at_desk.identity(head("GET", "/", BOBS))).id == "bob"

    run(scene)


def test_a_session_that_is_forgotten_while_it_is_asked_for_is_not_remembered(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            monolith.held.clear()
            request = head("GET", "/", ANNS)
            _, before = at_desk.begin(request)
            await monolith.until_asked(1)
            at_desk.vouching.forget(request.lines)
            monolith.held.set()
            await before
            await at_desk.vouch(request)
            assert len(monolith.asked) == 2

    run(scene)


def test_who_asks_after_a_logout_does_not_wait_for_what_was_asked_before_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            monolith.held.clear()
            request = head("GET", "/", ANNS)
            _, before = at_desk.begin(request)
            await monolith.until_asked(1)
            at_desk.vouching.forget(request.lines)
            _, after = at_desk.begin(request)
            await monolith.until_asked(2)
            monolith.held.set()
            await asyncio.gather(before, after)
            assert at_desk.vouching._questions == {}
            assert at_desk.vouching._single == set()

    run(scene)


def test_a_cookie_that_the_monolith_changes_meanwhile_ends_the_belief(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            monolith.set_cookies = ["sessionid=other; Path=/; HttpOnly"]
            found = await at_desk.vouch(head("GET", "/", ANNS))
            assert isinstance(found, Vouched)
            assert found.set_cookies == [b"Set-Cookie: sessionid=other; Path=/; HttpOnly"]
            await at_desk.vouch(head("GET", "/", ANNS))
            assert len(monolith.asked) == 2

    run(scene)


def test_a_cookie_that_is_only_refreshed_does_not(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            monolith.set_cookies = ["sessionid=ann; Path=/"]
            for _ in range(2):
                await at_desk.vouch(head("GET", "/", ANNS))
            assert len(monolith.asked) == 1

    run(scene)


def test_forgetting_costs_nothing_that_stays(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path, cache=0) as (_, at_desk):
            for number in range(20):
                await at_desk.vouch(head("GET", "/", f"Cookie: sessionid={number}"))
            vouching = at_desk.vouching
            assert (vouching._known, vouching._by_crumb, vouching._questions, vouching._single) == ({}, {}, {}, set())

    run(scene)


class Others:
    """What the other workers are told, and for how much of it there is no room."""

    def __init__(self, too_many: int = 0) -> None:
        self.told: list[list[bytes]] = []
        self._too_many = too_many

    def __call__(self, crumbs: list[bytes]) -> int:
        self.told.append(crumbs)
        return self._too_many


def test_what_one_worker_forgets_another_that_is_told_forgets_too_and_nothing_else(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (_, here), both(tmp_path) as (monolith, there):
            for lines in (ANNS, BOBS):
                await there.vouch(head("GET", "/", lines))
            others = here.vouching.tell = Others()
            # Nothing is known here, so it is for the others that it matters.
            here.vouching.forget(head("POST", "/logout/", "Cookie: theme=x; sessionid=ann; a=b").lines)
            assert others.told == [[crumb_digest(b"sessionid=ann")]]
            there.vouching.forgotten(others.told[0])
            monolith.script = lambda _: facts(None)
            assert (await there.identity(head("GET", "/", ANNS))).id == ""
            assert (await there.identity(head("GET", "/", BOBS))).id == "bob"

    run(scene)


def test_who_hears_of_a_logout_while_it_asks_remembers_nothing_and_tells_nobody(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            others = at_desk.vouching.tell = Others()
            monolith.held.clear()
            request = head("GET", "/", ANNS)
            _, before = at_desk.begin(request)
            await monolith.until_asked(1)
            at_desk.vouching.forgotten([crumb_digest(b"sessionid=ann"), b"nobody"])
            monolith.held.set()
            await before
            await at_desk.vouch(request)
            assert len(monolith.asked) == 2
            assert others.told == []

    run(scene)


def test_of_a_request_without_private_cookies_nobody_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (_, at_desk):
            others = at_desk.vouching.tell = Others()
            for lines in ((), ("Cookie: theme=dark",), ("Authorization: Token t",)):
                at_desk.vouching.forget(head("POST", "/", *lines).lines)
            assert others.told == []

    run(scene)


def test_a_client_cannot_multiply_what_is_told_and_what_finds_no_room_is_counted(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (_, at_desk):
            others = at_desk.vouching.tell = Others(too_many=3)
            cookies = "; ".join(f"sessionid={number}" for number in range(100))
            for _ in range(2):
                at_desk.vouching.forget(head("POST", "/", f"Cookie: {cookies}").lines)
            assert [len(crumbs) for crumbs in others.told] == [16, 16]
            assert at_desk.vouching.untold == 6

    run(scene)
