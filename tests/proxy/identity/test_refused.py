"""Whom the monolith refuses, and what it says that is no identity: nobody is passed on, and it is counted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.vouched import Refusal

from strangler.vouch import TARGET
from tests.proxy.identity.desk import ANN, ANNS, BOBS, Asked, both, desk, everybody, facts, head, route, run

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
