"""`strangler check --probe` asks the monolith whether it vouches, before a customer does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from strangler.vouch import PATH, SEAL, TARGET, WANTS, answer_seal, opened
from tests.proxy.cli.conftest import Run

Told = Callable[..., list[str]]

SECRET = "a-secret-of-some-length"


class Monolith(BaseHTTPRequestHandler):
    """It vouches for nobody, as an anonymous client on a route for users is answered."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        seal, target, wants = (self.headers.get(name, "") for name in (SEAL, TARGET, WANTS))
        nonce = opened(SECRET, seal, "GET", target, wants, time.time()) if self.path == PATH else None
        text = json.dumps({"refused": {"status": 302, "lines": [["Location", "/login/"]], "body": ""}})
        self.send_response(404 if nonce is None else 200)
        self.end_headers()
        if nonce is not None:
            self.wfile.write(f"{answer_seal(SECRET, nonce, text)}\n{text}".encode())

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def told(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What `check --probe` warns of, with this secret and these further lines of strangler.toml."""
    server = HTTPServer(("127.0.0.1", 0), Monolith)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def ask(secret: str, more: str = "", identity: str = "required") -> list[str]:
        url = f'url = "http://127.0.0.1:{server.server_address[1]}"\n'
        route = f'[[routes]]\nname = "a.b"\npath = "/a/"\ncandidate = "catalog"\nidentity = "{identity}"\n'
        (folder / "strangler.toml").write_text(
            f'[upstreams.monolith]\n{url}[upstreams.catalog]\nrelease = "1"\n{url}{route}{more}'
        )
        monkeypatch.setenv("STRANGLER_VOUCH_SECRET", secret)
        return [each["wrong"] for each in json.loads(run("check", "--probe", "--json").stdout)["warnings"]]

    yield ask
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_monolith_that_vouches_is_no_warning(told: Told) -> None:
    assert told(SECRET) == []


def test_a_monolith_that_does_not_is_a_warning_with_its_cause(told: Told) -> None:
    assert told("another-secret-of-some-length") == ["the monolith does not vouch for 'a.b': it answers 404"]
    [elsewhere] = told(SECRET, '[identity]\npath = "/elsewhere/"\n')
    assert elsewhere.endswith("it answers 404")
    [none_yet] = told("")
    assert "vouch.secret yet" in none_yet
    [short] = told("short")
    assert short.endswith("its secret cannot be used")


def test_without_a_route_that_wants_to_know_nobody_is_asked(told: Told) -> None:
    assert told("another-secret-of-some-length", identity="none") == []
