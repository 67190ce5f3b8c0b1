"""Outgoing calls of httpx and requests under the guard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import requests

from strangler.errors import EffectStopped
from strangler.shadow import EffectCounts, Guard, Strategy, shadowed
from strangler.shadow.httpx import AsyncGuardedTransport, GuardedTransport
from strangler.shadow.requests import GuardedAdapter

Ask = Callable[[Guard, str, str], int]


class Neighbour:
    """A real server; `marks` are those of the calls that came, None for a call without one."""

    def __init__(self) -> None:
        self.marks: list[str | None] = []
        marks = self.marks

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                marks.append(self.headers.get("X-Strangler-Shadow"))
                if self.path == "/elsewhere":
                    self.send_response(302)
                    self.send_header("Location", f"http://localhost:{self.server.server_port}/")  # type: ignore[attr-defined]
                else:
                    self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    made = Neighbour()
    yield made
    made.close()


def by_httpx(guard: Guard, method: str, url: str) -> int:
    with httpx.Client(transport=GuardedTransport(httpx.HTTPTransport(), guard), follow_redirects=True) as client:
        return client.request(method, url).status_code


def by_httpx_async(guard: Guard, method: str, url: str) -> int:
    async def once() -> int:
        transport = AsyncGuardedTransport(httpx.AsyncHTTPTransport(), guard)
        async with httpx.AsyncClient(transport=transport, follow_redirects=True) as client:
            return (await client.request(method, url)).status_code

    return asyncio.run(once())


def by_requests(guard: Guard, method: str, url: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", GuardedAdapter(guard))
        return session.request(method, url, timeout=10).status_code


pytestmark = pytest.mark.parametrize("ask", [by_httpx, by_httpx_async, by_requests])


def test_a_customers_own_request_calls_whom_it_likes_without_a_mark(ask: Ask, neighbour: Neighbour) -> None:
    guard = Guard()
    assert (ask(guard, "POST", neighbour.url), neighbour.marks, guard.counts()) == (200, [None], {})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_copy_calls_nobody(ask: Ask, neighbour: Neighbour, method: str) -> None:
    guard = Guard()
    with shadowed(Strategy.READ), pytest.raises(EffectStopped, match=rf"http \({method} 127\.0\.0\.1\)"):
        ask(guard, method, neighbour.url + "secret?token=1")
    assert (neighbour.marks, guard.counts()) == ([], {"http": EffectCounts(stopped=1)})


def test_an_allowed_host_is_asked_and_knows_that_it_serves_a_copy(ask: Ask, neighbour: Neighbour) -> None:
    guard = Guard(allowed_hosts=[neighbour.host])
    with shadowed(Strategy.DRY_RUN):
        assert ask(guard, "GET", neighbour.url) == 200
        with pytest.raises(EffectStopped, match="Only GET"):
            ask(guard, "POST", neighbour.url)
    assert (neighbour.marks, guard.counts()["http"]) == (["read"], EffectCounts(passed=1, stopped=1))


def test_a_redirect_leads_no_further_than_to_allowed_hosts(ask: Ask, neighbour: Neighbour) -> None:
    with shadowed(Strategy.READ), pytest.raises(EffectStopped, match="GET localhost"):
        ask(Guard(allowed_hosts=[neighbour.host]), "GET", neighbour.url + "elsewhere")
    assert neighbour.marks == ["read"]


def test_a_call_that_is_recorded_looks_done(ask: Ask, neighbour: Neighbour) -> None:
    guard = Guard(reactions={"http": "record"})
    with shadowed(Strategy.SANDBOX):
        assert ask(guard, "POST", neighbour.url) == 204
    assert (neighbour.marks, guard.counts()) == ([], {"http": EffectCounts(recorded=1)})
