"""A whole proxy lets the monolith know its requests, customers' and probes alike, by the secret in its state folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner
from strangler_proxy.cli import main

from strangler.proxied import PROXIED, is_proxied
from tests.proxy.supervisor.proxy import Proxy
from tests.waiting import until

LISTEN = '[control]\nlisten = "127.0.0.1:0"\n[proxy]\nlisten = "127.0.0.1:0"\n'


@contextmanager
def noting(seen: list[tuple[str, str]]) -> Iterator[int]:
    """The port of a server that answers everything, and notes path and mark."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers.get(PROXIED, "")))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.slow
def test_customers_requests_and_probes_carry_the_mark_of_the_secret_on_disk(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    with noting(seen) as port:
        proxy = Proxy(tmp_path)
        proxy.workers = 1
        (tmp_path / "strangler.toml").write_text(
            f'{LISTEN}workers = 1\n[upstreams.monolith]\nurl = "http://127.0.0.1:{port}"\nhealth = "/healthz"\n'
        )
        proxy.start()
        try:
            assert proxy.get("/page") == ""
            until(lambda: any(path == "/healthz" for path, _ in seen))
            secret = (proxy.state / "vouch.secret").read_text().strip()
            assert all(is_proxied(secret, mark, time.time()) for _, mark in seen)
        finally:
            proxy.stop()


def test_a_secret_that_is_none_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRANGLER_VOUCH_SECRET", "short")
    file = tmp_path / "strangler.toml"
    file.write_text(f'{LISTEN}[upstreams.monolith]\nurl = "http://127.0.0.1:1"\n')
    result = CliRunner().invoke(main, ["serve", "-c", str(file)])
    assert result.exit_code == 2
    assert "STRANGLER_VOUCH_SECRET is no usable secret" in result.stderr
