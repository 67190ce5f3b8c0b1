"""The real shop behind a real worker, asked as `strangler doctor --live` does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from strangler_proxy.doctor import Live, live_findings
from strangler_proxy.proxied_line import ProxiedLine

from strangler.django import caller_counts
from strangler.django.caller_file import read_folder
from strangler.django.monolith_facts import monolith_facts
from tests.proxy.dataplane.raw import Proxy, config

SECRET = "a secret of the tests, long enough"
ORIGIN = "http://shop.example.com"

pytestmark = pytest.mark.django_db(transaction=True)


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def shop(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The shop, which knows the proxy's secret and counts callers at once."""
    monkeypatch.setattr(caller_counts, "_after_a_while", lambda write: write())
    settings.STRANGLER = {**settings.STRANGLER, "VOUCH_SECRET": SECRET, "CALLERS": str(tmp_path)}
    settings.ALLOWED_HOSTS = ["shop.example.com", "localhost", "127.0.0.1"]
    name = "strangler.django.callers.CallersMiddleware"
    settings.MIDDLEWARE = [settings.MIDDLEWARE[0], name, *settings.MIDDLEWARE[1:]]
    # A server of its own: that of pytest-django made its middleware when the first test asked for it.
    with make_server("127.0.0.1", 0, WSGIHandler(), handler_class=Quiet) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@pytest.fixture
def proxy(shop: str) -> Iterator[Proxy]:
    """A worker in front of the shop."""
    with ExitStack() as stack:
        made = Proxy(config(int(shop.rpartition(":")[2])))
        stack.callback(made.close)
        made.call(lambda: made.worker.gateway.be_known(ProxiedLine(SECRET)))
        yield made


def test_through_the_proxy_nothing_is_wrong_and_nobody_came_past_it(proxy: Proxy, tmp_path: Path) -> None:
    facts = monolith_facts()
    live = Live(ORIGIN, f"http://127.0.0.1:{proxy.port}", SECRET)
    assert live_findings(live, facts) == []
    views = read_folder(tmp_path).views
    assert {row.passage.value for row in views} == {"through"}
    assert "_strangler/seen/" in {row.route for row in views}


def test_past_the_proxy_it_is_told_and_counted(shop: str, tmp_path: Path) -> None:
    assert [each.code for each in live_findings(Live(ORIGIN, shop, SECRET), monolith_facts())] == ["D205"]
    [caller, *_] = read_folder(tmp_path).callers
    assert (caller.client, caller.agent) == ("loopback", "strangler-doctor")


def test_a_host_that_django_does_not_know_and_a_scheme_that_nobody_tells_are_found(proxy: Proxy) -> None:
    facts, url = monolith_facts(), f"http://127.0.0.1:{proxy.port}"
    assert [each.code for each in live_findings(Live("http://other.example.com", url, SECRET), facts)] == ["D202"]
    https = {each.code for each in live_findings(Live("https://shop.example.com", url, SECRET), facts)}
    assert {"D207", "D208"} <= https
