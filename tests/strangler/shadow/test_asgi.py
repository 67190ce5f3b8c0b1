"""The ASGI middleware, in front of Starlette and of bare applications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from strangler.shadow import current_shadow
from strangler.shadow.asgi import ShadowMiddleware


def ask(app: Any, method: str = "GET", mark: str | None = None, **options: Any) -> httpx.Response:
    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(ShadowMiddleware(app, release="7", **options))
        async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
            headers = {} if mark is None else {"X-Strangler-Shadow": mark}
            return await client.request(method, "/", headers=headers)

    return asyncio.run(once())


def telling() -> Starlette:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(str(current_shadow()), headers={"X-Strangler-Release": "not this one"})

    return Starlette(routes=[Route("/", endpoint, methods=["GET", "POST"])])


class Undone:
    """A dry run that notes what was done in it."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        self.notes.append("begun")
        try:
            yield
        finally:
            self.notes.append("undone")


def test_every_answer_tells_the_release_once() -> None:
    for mark in (None, "read", "dry-run"):
        assert ask(telling(), mark=mark).headers.get_list("x-strangler-release") == ["7"]


def test_a_request_is_served_as_it_is_marked() -> None:
    assert ask(telling()).text == "None"
    assert ask(telling(), mark="read").text == "read"
    assert ask(telling(), "POST", "sandbox", sandbox=True).text == "sandbox"
    assert ask(telling(), "POST", "dry-run", dry_run=Undone()).text == "dry-run"


@pytest.mark.parametrize(
    ("method", "mark"), [("POST", "dry-run"), ("POST", "read"), ("GET", "nonsense"), ("POST", "sandbox"), ("GET", "")]
)
def test_a_copy_that_cannot_be_served_without_harm_is_refused_and_never_executed(method: str, mark: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("executed")

    answer = ask(app, method, mark)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["title"] == "Copy Refused"
    assert "ShadowMiddleware" in answer.json()["detail"]


def test_a_dry_run_is_undone_whatever_happens() -> None:
    undone = Undone()

    async def failing(scope: Any, receive: Any, send: Any) -> None:
        undone.notes.append("executed")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(failing, "POST", "dry-run", dry_run=undone)
    assert undone.notes == ["begun", "executed", "undone"]
    undone.notes.clear()
    assert ask(telling(), "GET", "read", dry_run=undone).text == "read"
    assert undone.notes == []


def test_streams_tasks_threads_and_background_work_know_the_mark() -> None:
    seen: list[str] = []

    def note() -> None:
        seen.append(str(current_shadow()))

    async def parts() -> AsyncIterator[str]:
        note()
        await asyncio.create_task(asyncio.to_thread(note))
        yield "done"

    async def endpoint(request: Request) -> Response:
        return StreamingResponse(parts(), background=BackgroundTask(note))

    assert ask(Starlette(routes=[Route("/", endpoint)]), mark="read").text == "done"
    assert seen == ["read"] * 3


def test_two_lines_of_the_header_are_refused_and_head_has_no_body() -> None:
    sent: list[Any] = []

    async def once() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            raise AssertionError("executed")

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        mark = (b"x-strangler-shadow", b"read")
        scope = {"type": "http", "method": "HEAD", "path": "/", "headers": [mark, mark]}
        await ShadowMiddleware(app, release="7")(scope, receive, send)

    asyncio.run(once())
    assert (sent[0]["status"], sent[1]["body"]) == (503, b"")


def test_a_marked_websocket_is_closed_and_others_and_the_lifespan_pass() -> None:
    sent: list[Any] = []
    entered: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        entered.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    async def all_three() -> None:
        served = ShadowMiddleware(app, release="7")
        await served({"type": "lifespan"}, receive, send)
        await served({"type": "websocket", "path": "/", "headers": []}, receive, send)
        await served({"type": "websocket", "path": "/", "headers": [(b"x-strangler-shadow", b"read")]}, receive, send)

    asyncio.run(all_three())
    assert entered == ["lifespan", "websocket"]
    assert [message["type"] for message in sent] == ["websocket.close"]
