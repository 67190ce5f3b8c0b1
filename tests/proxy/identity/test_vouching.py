"""Asking the monolith who a client is: seldom, for each session apart, and never passing on what it did not say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.credentials import crumb_digest
from strangler_proxy.vouched import Refusal, Vouched

from strangler.identity import Identity
from strangler.vouch import TARGET, WANTS
from tests.proxy.identity.desk import ANN, Asked, Desk, Monolith, Script, desk, facts, head, route

ANNS = "Cookie: sessionid=ann"
BOBS = "Cookie: sessionid=bob"
TOKEN = "a" * 64


def everybody(asked: Asked) -> dict[str, Any]:
    """The user is who the session's cookie says."""
    name = asked.cookie.partition("sessionid=")[2].partition(";")[0]
    return facts({**ANN, "id": name} if name else None, session=f"hash-of-{name}")


@asynccontextmanager
async def both(folder: Path, script: Script = everybody, **settings: Any) -> AsyncIterator[tuple[Monolith, Desk]]:
    monolith = Monolith(script)
    await monolith.start()
    try:
        async with desk(monolith.port, folder, **settings) as at_desk:
            yield monolith, at_desk
    finally:
        monolith.held.set()
        await monolith.stop()


def run(scene: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        await scene()

    asyncio.run(act())


# What is passed on.


def test_caches_are_told_all_that_signs_people_in(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path, lambda _: facts(ANN), headers=("X-Api-Key",)) as (_, at_desk):
            found = await at_desk.vouch(head("GET", "/", "X-Api-Key: ann"))
            assert isinstance(found, Vouched)
            assert found.vary == b"Vary: Cookie, Authorization, X-Api-Key"

    run(scene)


def test_a_user_is_passed_on_with_what_the_monolith_said(tmp_path: Path) -> None:
    async def scene() -> None:
        said = facts(
            {**ANN, "staff": True, "groups": ["desk"], "username": "ann"},
            session="5e55",
            auth_time=1_700_000_000,
            data={"cart_id": 3},
        )
        async with both(tmp_path, lambda _: said) as (_, at_desk):
            found = await at_desk.identity(head("GET", "/orders/?a=1", ANNS), request_id=b"abc-1")
            assert (found.id, found.username, found.staff, found.superuser) == ("7", "ann", True, False)
            assert (found.groups, found.permissions) == (frozenset({"desk"}), frozenset({"orders.view"}))
            assert (found.session, found.auth_time, dict(found.data)) == ("5e55", 1_700_000_000, {"cart_id": 3})
            assert found.request_id == "abc-1"

    run(scene)


def test_a_client_without_credentials_is_anonymous_without_asking(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            for lines in (("Cookie: theme=dark",), ()):
                found = await at_desk.identity(head("GET", "/orders/", *lines))
                assert found == Identity(expires=found.expires, request_id="r-1")
            assert monolith.asked == []

    run(scene)


def test_headers_that_sign_people_in_are_credentials_too(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path, headers=("X-Remote-User",)) as (monolith, at_desk):
            await at_desk.vouch(head("GET", "/orders/", "X-Remote-User: ann"))
            await at_desk.vouch(head("GET", "/orders/", "X-Remote-User: bob"))
            assert [each.headers["x-remote-user"] for each in monolith.asked] == ["ann", "bob"]

    run(scene)


def test_the_monolith_gets_the_credentials_and_nothing_else_of_the_request(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            lines = (ANNS, "Authorization: Token t", "Accept-Encoding: gzip", "X-Other: 1", "Cookie: csrftoken=c; a=b")
            await at_desk.vouch(head("HEAD", "/orders/%2F/?q=ü", *lines, "Origin: http://o", "Referer: http://r"))
            (question,) = monolith.asked
            assert (question.method, question.path, question.body) == ("GET", "/_strangler/vouch/", b"")
            assert question.cookie == "sessionid=ann; csrftoken=c; a=b"
            assert question.headers["authorization"] == "Token t"
            assert question.headers["host"] == "shop.example"
            assert question.headers["x-forwarded-proto"] == "http"
            assert question.headers[TARGET.lower()] == "/orders/%2F/?q=%FC"
            assert question.headers.keys().isdisjoint({"accept-encoding", "x-other", "origin", "referer"})

    run(scene)


def test_what_a_route_wants_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        wants: dict[str, Any] = {
            "session": ("cart_id",),
            "permissions": ("orders.*",),
            "username": True,
            "anonymous": "401",
        }
        async with both(tmp_path, **wants) as (monolith, at_desk):
            await at_desk.vouch(head("GET", "/orders/", ANNS))
            await at_desk.vouch(head("GET", "/orders/", ANNS), route("required", anonymous="redirect"))
            first, second = (json.loads(each.headers[WANTS.lower()]) for each in monolith.asked)
            assert first == {
                "route": "orders.list",
                "need": "optional",
                "anonymous": "401",
                "permissions": ["orders.*"],
                "session": ["cart_id"],
                "username": True,
                "origin": False,
            }
            assert (second["need"], second["anonymous"]) == ("required", "redirect")

    run(scene)


def test_a_route_that_wants_nothing_has_no_wish(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (_, at_desk):
            assert at_desk.vouching.wish(route("none")) is None

    run(scene)


# Unsafe requests.


def test_an_unsafe_request_is_asked_for_by_its_own_method_and_every_time(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            lines = (ANNS, f"X-CSRFToken: {TOKEN}", "Origin: http://shop.example", "Referer: http://shop.example/")
            for _ in range(2):
                await at_desk.vouch(head("DELETE", "/orders/", *lines))
            await at_desk.vouch(head("GET", "/orders/", ANNS))
            assert [each.method for each in monolith.asked] == ["DELETE", "DELETE", "GET"]
            headers = monolith.asked[0].headers
            assert (headers["x-csrftoken"], headers["origin"]) == (TOKEN, "http://shop.example")
            assert headers["referer"] == "http://shop.example/"

    run(scene)


def test_of_a_form_its_csrf_token_is_sent_along_and_nothing_else(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            request = head("POST", "/orders/", ANNS, "Content-Type: application/x-www-form-urlencoded")
            assert at_desk.vouching.body_needed(request) == 65536
            await at_desk.vouch(request, body=f"card=4111&csrfmiddlewaretoken={TOKEN}&x=1".encode())
            (question,) = monolith.asked
            assert question.body == f"csrfmiddlewaretoken={TOKEN}".encode()
            assert question.headers["content-type"] == "application/x-www-form-urlencoded"

    run(scene)


def test_only_a_form_without_the_tokens_header_is_held_back(tmp_path: Path) -> None:
    async def scene() -> None:
        form = "Content-Type: multipart/form-data; boundary=b"
        async with both(tmp_path) as (_, at_desk):
            needed = at_desk.vouching.body_needed
            assert needed(head("POST", "/", form)) == 65536
            assert needed(head("POST", "/", form, f"X-CSRFToken: {TOKEN}")) == 0
            assert needed(head("POST", "/", "Content-Type: application/json")) == 0
            assert needed(head("PUT", "/", form)) == 0
            assert needed(head("GET", "/")) == 0

    run(scene)


def test_a_websockets_origin_is_told_and_judged_apart(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path) as (monolith, at_desk):
            lines = (ANNS, "Origin: http://evil.example")
            await at_desk.vouch(head("GET", "/orders/", *lines))
            await at_desk.vouch(head("GET", "/orders/", *lines, "Connection: Upgrade", "Upgrade: websocket"))
            plain, socket = monolith.asked
            assert "origin" not in plain.headers
            assert socket.headers["origin"] == "http://evil.example"
            assert json.loads(socket.headers[WANTS.lower()])["origin"] is True

    run(scene)


# Asked seldom.


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


# Forgotten.


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


# Refused.

REFUSED = {
    "refused": {
        "status": 302,
        "lines": [
            ["Location", "/login/"],
            ["X-Strangler-Vouch", "x"],
            ["Connection", "close"],
            ["Content-Length", "9"],
        ],
        "body": "",
    }
}


def test_the_monoliths_refusal_is_given_to_the_client(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path, lambda _: REFUSED) as (monolith, at_desk):
            monolith.set_cookies = ["sessionid=; Max-Age=0"]
            found = await at_desk.vouch(head("GET", "/", ANNS), route("required"))
            assert isinstance(found, Refusal)
            assert (found.status, found.error) == (302, "")
            vary = b"Vary: Cookie, Authorization"
            assert found.lines == [b"Location: /login/", vary, b"Set-Cookie: sessionid=; Max-Age=0"]
            whole = found.answer(b"r-1", close=True, head_only=False)
            assert whole.startswith(b"HTTP/1.1 302 Found\r\nDate: ")
            assert whole.endswith(b"Content-Length: 0\r\nConnection: close\r\n\r\n")

    run(scene)


def test_each_of_those_who_asked_at_once_is_refused_for_its_own_request(tmp_path: Path) -> None:
    async def scene() -> None:
        def script(asked: Asked) -> dict[str, Any]:
            location = "/login/?next=" + asked.headers[TARGET.lower()]
            return {"refused": {"status": 302, "lines": [["Location", location]], "body": ""}}

        async with both(tmp_path, script) as (monolith, at_desk):
            monolith.held.clear()
            targets = [f"/orders/{number}/" for number in range(5)]
            waiting = [at_desk.begin(head("GET", target, ANNS), route("required"))[1] for target in targets]
            await monolith.until_asked(1)
            monolith.held.set()
            results = await asyncio.gather(*waiting)
            locations = [result.lines[0].decode() for result in results if isinstance(result, Refusal)]
            assert locations == [f"Location: /login/?next={target}" for target in targets]

    run(scene)


GARBAGE = [
    (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "vouch-status-404"),
    (b"HTTP/1.1 302 Found\r\nLocation: /login/\r\nContent-Length: 0\r\n\r\n", "vouch-status-302"),
    (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "vouch-status-500"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "vouch-unsealed"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nv1 00\n{}{}", "vouch-unsealed"),
    (b"what is this\r\n\r\n", "vouch-garbage"),
]


@pytest.mark.parametrize(("answer", "error"), GARBAGE)
def test_what_the_monolith_did_not_seal_is_no_identity(tmp_path: Path, answer: bytes, error: str) -> None:
    async def scene() -> None:
        async with both(tmp_path, lambda _: answer) as (_, at_desk):
            found = await at_desk.vouch(head("GET", "/", ANNS))
            assert isinstance(found, Refusal)
            assert (found.status, found.error) == (503, error)
            assert b"Request id: r-1" in found.answer(b"r-1", close=False, head_only=False)

    run(scene)


NONSENSE: list[dict[str, Any]] = [
    {},
    facts({**ANN, "id": ""}),
    facts({**ANN, "id": 7}),
    facts({**ANN, "staff": "no"}),
    facts({**ANN, "permissions": "all"}),
    facts({**ANN, "groups": [1]}),
    facts(ANN, auth_time=True),
    facts(ANN, session=None),
    facts(ANN, data=[]),
    facts(ANN, here=None),
    {"refused": None},
    {"refused": {"status": 302, "lines": [["Location", "/a\r\nSet-Cookie: b"]], "body": ""}},
    {"refused": {"status": 302, "lines": [["Lo cation", "/a"]], "body": ""}},
    {"refused": {"status": "302", "lines": [], "body": ""}},
    {"refused": {"status": 101, "lines": [], "body": ""}},
    {"refused": {"status": 302, "lines": [], "body": "?"}},
]


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
def test_what_makes_no_sense_is_no_identity_though_it_is_sealed(tmp_path: Path, answer: dict[str, Any]) -> None:
    async def scene() -> None:
        async with both(tmp_path, lambda _: answer) as (_, at_desk):
            found = await at_desk.vouch(head("GET", "/", ANNS))
            assert isinstance(found, Refusal)
            assert (found.status, found.error) == (503, "vouch-unsealed")

    run(scene)


def test_an_answer_to_another_question_is_no_answer(tmp_path: Path) -> None:
    async def scene() -> None:
        kept: list[bytes] = []

        def replaying(asked: Asked) -> dict[str, Any] | bytes:
            if not kept:
                kept.append(monolith.sealed(asked, everybody(asked)))
            return kept[0]

        async with both(tmp_path, replaying) as (monolith, at_desk):
            assert (await at_desk.identity(head("GET", "/", ANNS))).id == "ann"
            found = await at_desk.vouch(head("GET", "/", BOBS))
            assert isinstance(found, Refusal)
            assert found.error == "vouch-unsealed"

    run(scene)


def test_a_monolith_that_is_gone_or_hangs_is_no_reason_to_believe(tmp_path: Path) -> None:
    async def scene() -> None:
        async with both(tmp_path, lambda _: None, timeout=0.05) as (monolith, at_desk):
            for _ in range(2):
                found = await at_desk.vouch(head("GET", "/", ANNS))
                assert isinstance(found, Refusal)
                assert (found.status, found.error) == (503, "vouch-timeout")
            await monolith.stop()
        async with desk(monolith.port, tmp_path) as at_desk:
            found = await at_desk.vouch(head("GET", "/", ANNS))
            assert isinstance(found, Refusal)
            assert (found.status, found.error) == (503, "vouch-refused")

    run(scene)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_question_whose_connection_broke_is_put_once_more(tmp_path: Path, method: str) -> None:
    async def scene() -> None:
        def breaking(asked: Asked) -> dict[str, Any]:
            if len(monolith.asked) in breaks:
                raise ConnectionResetError
            return everybody(asked)

        breaks = {1, 3, 4, 5}
        async with both(tmp_path, breaking) as (monolith, at_desk):
            assert (await at_desk.identity(head(method, "/", ANNS))).id == "ann"
            found = await at_desk.vouch(head(method, "/", BOBS))
            assert isinstance(found, Refusal)
            assert (found.status, found.error) == (503, "vouch-reset")
            # A kept connection that turns out to be closed is worth a try of its own for GET.
            assert len(monolith.asked) in (4, 5)

    run(scene)


def test_each_request_is_counted_once_by_how_it_came_to_an_identity_or_to_none(tmp_path: Path) -> None:
    async def scene() -> None:
        answers = [facts(ANN), REFUSED, None, facts({**ANN, "permissions": ["x" * 9000]})]
        async with both(tmp_path, lambda _: answers.pop(0), timeout=0.05) as (_, at_desk):
            await at_desk.vouch(head("GET", "/"))
            for cookie in (ANNS, ANNS, *(f"Cookie: sessionid={name}" for name in "bcd")):
                await at_desk.vouch(head("GET", "/", cookie))
            expected = {"unasked": 1, "asked": 1, "remembered": 1, "refused": 1, "failed": 2}
            assert at_desk.vouching.counts == expected

    run(scene)


def test_an_identity_that_no_service_would_take_is_refused_here(tmp_path: Path) -> None:
    async def scene() -> None:
        long = facts({**ANN, "permissions": [f"app.permission_{number}" for number in range(1000)]})
        async with both(tmp_path, lambda _: long) as (_, at_desk):
            found = await at_desk.vouch(head("GET", "/", ANNS))
            assert isinstance(found, Refusal)
            assert (found.status, found.error) == (503, "identity-too-long")

    run(scene)


def test_without_a_key_to_sign_with_nobody_is_passed_on(tmp_path: Path) -> None:
    async def scene() -> None:
        (tmp_path / "identity.keys.json").write_text("broken")
        (tmp_path / "identity.keys.json").chmod(0o600)
        async with both(tmp_path) as (_, at_desk):
            found = await at_desk.vouch(head("GET", "/"))
            assert isinstance(found, Refusal)
            assert (found.status, found.error) == (503, "identity-unsigned")

    run(scene)
