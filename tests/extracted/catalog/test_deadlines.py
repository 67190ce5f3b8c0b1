from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from extracted.catalog.deadlines import Deadlines
from strangler.errors import DeadlineExceeded
from strangler.resilience import remaining
from tests.extracted.catalog.conftest import Serve

DEADLINE = "X-Strangler-Deadline-Ms"


async def asked(app: object, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(Deadlines(app))  # type: ignore[arg-type]  # any ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="http://catalog") as client:
        return await client.get("/", headers=headers)


def serving(endpoint: object) -> Starlette:
    return Starlette(routes=[Route("/", endpoint)])  # type: ignore[arg-type]  # one of the functions below


@pytest.mark.parametrize("path", ["/v1/products", "/api/v1/products/"])
def test_a_request_whose_time_is_over_is_answered_504_and_the_store_is_not_asked(serve: Serve, path: str) -> None:
    client = serve()
    answer = client.ask("GET", path, headers={DEADLINE: "0"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert client.ask("GET", path, headers={DEADLINE: "60000"}).status_code == 200
    assert client.ask("GET", path).status_code == 200


def test_what_waits_longer_than_the_deadline_is_ended() -> None:
    ended: list[bool] = []

    async def endpoint(request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return Response()

    answer = asyncio.run(asked(serving(endpoint), **{DEADLINE: "20"}))
    assert (answer.status_code, ended) == (504, [True])


def test_the_work_knows_how_long_it_may_take() -> None:
    async def endpoint(request: Request) -> Response:
        return Response(str(remaining()))

    assert 0 < float(asyncio.run(asked(serving(endpoint), **{DEADLINE: "5000"})).text) <= 5
    assert asyncio.run(asked(serving(endpoint))).text == "inf"
    assert float(asyncio.run(asked(serving(endpoint), **{DEADLINE: "999999999"})).text) <= 60


def test_an_answer_that_has_begun_is_cut_off_and_not_answered_again() -> None:
    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    with pytest.raises(DeadlineExceeded):
        asyncio.run(asked(endless, **{DEADLINE: "20"}))
