"""A logout through one worker of a proxy that serves, and what the other one believes then."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

import httpx
import pytest

from strangler.identity import HEADER
from strangler.vouch import SEAL, TARGET, WANTS, answer_seal, opened
from tests.proxy.identity.desk import ANN, SECRET, facts
from tests.proxy.supervisor.proxy import Proxy
from tests.waiting import until

pytestmark = pytest.mark.slow

ANNS = {"Cookie": "theme=dark; sessionid=ann; csrftoken=c"}


class Site:
    """A monolith with one session, and the service carved out of it, on one port each."""

    def __init__(self) -> None:
        self.signed_in = True
        self.asked = 0

    def vouched(self, headers: Any) -> bytes:
        self.asked += 1
        seal, target, wants = (headers[name] for name in (SEAL, TARGET, WANTS))
        nonce = opened(SECRET, seal, "GET", target, wants, time.time())
        assert nonce is not None
        text = json.dumps(facts(ANN if self.signed_in else None))
        return f"{answer_seal(SECRET, nonce, text)}\n{text}".encode()

    @contextmanager
    def monolith(self) -> Iterator[int]:
        site = self

        class Handler(Quiet):
            def do_GET(self) -> None:
                self.answer(site.vouched(self.headers))

            def do_POST(self) -> None:
                site.signed_in = False
                self.answer(b"bye", ("Set-Cookie", 'sessionid=""; Max-Age=0; Path=/'))

        with listening(Handler) as port:
            yield port

    @contextmanager
    def service(self) -> Iterator[int]:
        class Handler(Quiet):
            def do_GET(self) -> None:
                payload = self.headers[HEADER].split(".")[1]
                claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
                # A worker counts its requests up behind a word of its own.
                worker = self.headers["X-Request-Id"].rpartition("-")[0]
                self.answer(json.dumps({"id": claims.get("sub", ""), "worker": worker}).encode())

        with listening(Handler) as port:
            yield port


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(200)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Connection:
    """A client's one connection, and so one worker of the proxy."""

    def __init__(self, proxy: Proxy) -> None:
        self._client = httpx.Client(base_url=f"http://{proxy.addresses['listen']}", trust_env=False, timeout=20)
        self.worker = self.get()["worker"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self) -> dict[str, str]:
        found: dict[str, str] = self._client.get("/products/", headers=ANNS).raise_for_status().json()
        return found

    def sign_out(self) -> None:
        self._client.post("/logout/", headers=ANNS).raise_for_status()


def test_a_logout_through_one_worker_is_heard_by_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRANGLER_VOUCH_SECRET", SECRET)
    site, proxy = Site(), Proxy(tmp_path)
    with ExitStack() as stack:
        proxy.configure(stack.enter_context(site.monolith()), stack.enter_context(site.service()))
        with (tmp_path / "strangler.toml").open("a") as file:
            # Copies would ask the monolith too, which here takes whatever it is asked for a question of identity.
            file.write('identity = "optional"\n[identity]\ncache = 60\n[shadow]\nsample = 0\n')
        stack.callback(proxy.stop)
        proxy.start()
        proxy.flip("extracted")
        by_worker: dict[str, Connection] = {}

        def both() -> bool:
            connection = stack.enter_context(Connection(proxy))
            by_worker.setdefault(connection.worker, connection)
            return len(by_worker) == 2

        until(both)
        one, other = by_worker.values()
        asked = site.asked
        assert asked == 2
        assert [each.get()["id"] for each in (one, other, one, other)] == ["7"] * 4
        assert site.asked == asked
        one.sign_out()
        until(lambda: other.get()["id"] == "")
        assert one.get()["id"] == ""
        # What was said after the logout is believed again.
        assert site.asked == asked + 2
        assert other.worker == other.get()["worker"] != one.worker
