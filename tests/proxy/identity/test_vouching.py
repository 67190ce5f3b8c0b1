"""Asking the monolith who a client is: seldom, for each session apart, and never passing on what it did not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from strangler_proxy.vouched import Vouched

from strangler.identity import Identity
from strangler.vouch import TARGET, WANTS
from tests.proxy.identity.desk import ANN, ANNS, both, facts, head, route, run

TOKEN = "a" * 64


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


# Refused.
