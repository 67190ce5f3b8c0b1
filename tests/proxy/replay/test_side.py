from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strangler_proxy.replay.side import Asking, Given, Side

from tests.proxy.replay.served import served


async def echo(request: Request) -> Response:
    body = request.scope["raw_path"] + b"?" + request.scope["query_string"]
    return Response(gzip.compress(body), headers={"Content-Encoding": "gzip", "X-Twice": "a"})


APP = Starlette(routes=[Route("/{path:path}", echo, methods=["GET", "HEAD", "POST"])])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(APP) as address:
        yield address


@contextmanager
def saying(data: bytes) -> Iterator[str]:
    """A server that says this to whoever connects, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(data)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def ask(url: str, target: str = "/", *headers: tuple[str, str], method: str = "GET", longest: int = 10**6) -> Given:
    async def asked() -> Given:
        async with Side("old", url, seconds=10, longest=longest) as side:
            return await side.ask(Asking(method, target, headers))

    return asyncio.run(asked())


def test_the_target_goes_out_as_it_is_and_the_body_comes_back_as_it_was_packed(url: str) -> None:
    given = ask(f"{url}/under/", "/a%2fb//../%C3%A4?x=%20+&y")
    assert given.answer is not None
    assert gzip.decompress(given.answer.body) == b"/under/a%2fb//../%C3%A4?x=%20+&y"
    assert given.answer.header("x-twice") == "a"


def test_an_answer_to_head_has_no_body(url: str) -> None:
    given = ask(url, method="HEAD")
    assert given.answer is not None
    assert (given.answer.status, given.answer.body) == (200, b"")


def test_a_long_answer_is_cut_off_and_said(url: str) -> None:
    assert ask(url, "/" + "".join(f"{number}" for number in range(200)), longest=50).why == "too-long"


@pytest.mark.parametrize(
    "data",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", b"HTTP/1.1 2000 OK\r\n\r\n"],
)
def test_a_broken_answer_is_a_word_and_no_exception(data: bytes) -> None:
    with saying(data) as address:
        assert ask(address).why == "broken"


@pytest.mark.parametrize(("name", "value"), [("X", "a\r\nb: c"), ("a b", "x"), ("X", "\x00")])
def test_what_cannot_be_sent_is_a_word_and_no_exception(url: str, name: str, value: str) -> None:
    given = ask(url, "/", (name, value))
    assert (given.answer, given.why) == (None, "unsendable")


@pytest.mark.parametrize(
    "address", ["", "shop.example", "ftp://shop.example", "http://", "http://[::1", "http://a:99999"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError):
        Side("old", address)
