"""Sides: over HTTP, a WSGI application, an ASGI application, all asked exactly what the test says."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from strangler.compare import Answer, Request
from strangler.errors import ConfigError, NoAnswer
from strangler.parity import AsgiSide, HttpSide, Sides, WsgiSide
from tests.strangler.parity.server import serving

ODD = "/a/../b%2Fc/%C3%A4/%2525//x;y?q=%20&q=+&empty=&%zz"


def fine(request: Request) -> Answer:
    return Answer(200, (("X-One", "1"), ("x-one", "2")), b"fine")


def test_over_http_target_headers_and_body_arrive_as_they_are() -> None:
    with serving(fine) as server:
        side = HttpSide(f"{server.url}/")
        answer = side(Request("POST", ODD, headers=(("Host", "shop"), ("A", "1"), ("A", "ä")), body=b"\xff"))
        side.close()
    assert (answer.status, answer.body) == (200, b"fine")
    assert answer.all("x-one") == ("1", "2")
    [asked] = server.asked
    assert (asked.method, asked.target, asked.body) == ("POST", ODD, b"\xff")
    assert [each for each in asked.headers if each[0] != "Content-Length"] == [("Host", "shop"), ("A", "1"), ("A", "ä")]


def test_over_http_the_path_of_the_address_goes_first_and_redirects_and_cookies_are_answers() -> None:
    moved = Answer(302, (("Location", "/there"), ("Set-Cookie", "a=1")))
    with serving(lambda _: moved) as server:
        side = HttpSide(f"{server.url}/deep/")
        assert side(Request("GET", "/x")).status == 302
        side(Request("GET", "/y"))
        side.close()
    assert [each.target for each in server.asked] == ["/deep/x", "/deep/y"]
    assert not [name for each in server.asked for name, _ in each.headers if name.lower() == "cookie"]


def test_a_side_that_gives_no_answer_says_why_in_a_word() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        silent = HttpSide(f"http://127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(NoAnswer, match="refused") as caught:
            silent(Request("GET", "/"))
        assert caught.value.side == silent.url
        silent.close()
    with serving(lambda _: None) as server:
        side = HttpSide(server.url)
        with pytest.raises(NoAnswer, match="broken"):
            side(Request("GET", "/"))
        with pytest.raises(NoAnswer, match="unsendable"):
            side(Request("GET", "/日本"))
        side.close()
    waiting = threading.Event()

    def slow(request: Request) -> Answer:
        waiting.wait(10)
        return fine(request)

    with serving(slow) as server:
        side = HttpSide(server.url, seconds=0.05)
        with pytest.raises(NoAnswer, match="timeout"):
            side(Request("GET", "/"))
        waiting.set()
        side.close()


@pytest.mark.parametrize("url", ["ftp://a", "http://", "127.0.0.1:80", "http://a:0", "http://a:b", "http://a/?q=1"])
def test_an_address_that_is_none_is_said(url: str) -> None:
    with pytest.raises(ConfigError, match="is not the address of a server"):
        Sides(url, fine)


def test_both_sides_are_told_the_old_ones_host_unless_another_is_given() -> None:
    assert Sides("http://old:1/x", "http://new:2").host == "old:1"
    assert Sides(None, "http://new:2").host == "new:2"
    assert Sides(fine, fine).host == ""
    assert Sides("http://old:1", "http://new:2", headers=[("host", "shop.test")]).host == "shop.test"


Start = Callable[..., Callable[[bytes], object]]


def test_a_wsgi_application_is_called_as_a_server_would() -> None:
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        seen.append({**environ, "body": environ["wsgi.input"].read()})
        write = start("201 Created", [("A", "1"), ("A", "2")])
        write(b"first ")
        return [b"then"]

    headers = (
        ("Host", "shop"),
        ("Content-Type", "text/x"),
        ("X-A", "1"),
        ("X-A", "2"),
        ("Cookie", "a=1"),
        ("Cookie", "b=2"),
    )
    answer = WsgiSide(application, scheme="https")(Request("POST", ODD, headers=headers, body=b"abc"))
    assert answer == Answer(201, (("A", "1"), ("A", "2")), b"first then")
    [environ] = seen
    assert environ["HTTP_X_A"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"], environ["body"]) == ("text/x", "3", b"abc")
    request = WSGIRequest({**environ, "wsgi.input": io.BytesIO()})
    assert request.path == "/a/../b/c/ä/%25//x;y"
    assert (request.scheme, request.META["QUERY_STRING"]) == ("https", ODD.partition("?")[2])


def test_a_wsgi_application_may_start_anew_before_its_first_byte_and_is_closed() -> None:
    closed: list[bool] = []

    class Pieces(list[bytes]):
        def close(self) -> None:
            closed.append(True)

    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [])
        start("500 Oh", [], (ValueError, ValueError("oh"), None))
        return Pieces([b"oh"])

    assert WsgiSide(application)(Request("GET", "/")) == Answer(500, (), b"oh")
    assert WsgiSide(application)(Request("HEAD", "/")).body == b""
    assert closed == [True, True]


def test_what_an_application_raises_the_test_raises() -> None:
    def wsgi(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        raise ZeroDivisionError

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        WsgiSide(wsgi)(Request("GET", "/"))
    with AsgiSide(asgi) as side, pytest.raises(ZeroDivisionError):
        side(Request("GET", "/"))


def application(events: list[str]) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, object]]:
        events.append("started")
        yield {"pool": "open"}
        events.append("stopped")

    async def echo(request: StarletteRequest) -> JSONResponse:
        return JSONResponse(
            {
                "target": f"{request.scope['raw_path'].decode()}?{request.url.query}",
                "path": request.scope["path"],
                "headers": request.headers.getlist("x-a"),
                "body": (await request.body()).decode(),
                "pool": request.state.pool,
                "scheme": request.url.scheme,
            }
        )

    async def stream(request: StarletteRequest) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"a"
            yield b"b"

        return StreamingResponse(pieces())

    routes = [Route("/stream", stream), Route("/{rest:path}", echo, methods=["GET", "POST"])]
    return Starlette(routes=routes, lifespan=lifespan)


def test_an_asgi_application_is_called_as_a_server_would_with_its_start_and_stop() -> None:
    events: list[str] = []
    with AsgiSide(application(events), scheme="https") as side:
        assert events == []
        answer = side(Request("POST", ODD, headers=(("X-A", "1"), ("X-A", "2")), body=b"abc"))
        assert events == ["started"]
        assert side(Request("GET", "/stream")).body == b"ab"
        assert side(Request("HEAD", "/stream")).body == b""
    assert events == ["started", "stopped"]
    said = json.loads(answer.body)
    assert said["target"] == ODD
    assert said["path"] == "/a/../b/c/ä/%25//x;y"
    assert (said["headers"], said["body"], said["pool"], said["scheme"]) == (["1", "2"], "abc", "open", "https")


def test_an_asgi_application_that_knows_nothing_of_lifespans_is_asked_all_the_same() -> None:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 204, "headers": [(b"a", b"\xe4")]})
        await send({"type": "http.response.body"})

    with AsgiSide(plain) as side:
        assert side(Request("GET", "/")) == Answer(204, (("a", "ä"),), b"")


def test_an_asgi_application_that_does_not_start_says_why() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise LookupError("no database")
        yield

    with AsgiSide(Starlette(lifespan=lifespan)) as side, pytest.raises(RuntimeError, match="did not start"):
        side(Request("GET", "/"))


def test_an_asgi_application_that_gives_no_answer_says_why_in_a_word() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await receive()

    async def hung(scope: Any, receive: Any, send: Any) -> None:
        while True:
            await receive()
            if scope["type"] == "lifespan":
                await send({"type": "lifespan.startup.complete"})
                return

    with AsgiSide(silent) as side, pytest.raises(NoAnswer, match="broken"):
        side(Request("GET", "/"))
    with AsgiSide(hung, seconds=0.05) as side, pytest.raises(NoAnswer, match="timeout"):
        side(Request("GET", "/"))


def test_a_side_that_was_closed_can_be_asked_again() -> None:
    events: list[str] = []
    side = AsgiSide(application(events))
    for _ in range(2):
        assert side(Request("GET", "/x")).status == 200
        side.close()
        side.close()
    assert events == ["started", "stopped"] * 2
