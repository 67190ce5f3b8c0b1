"""The monolith, and nobody else, is told that a request came through the proxy."""

from __future__ import annotations

from dataclasses import replace

from strangler_proxy.config import Address
from strangler_proxy.proxied_line import ProxiedLine

from strangler.proxied import HOUR, PROXIED, is_proxied
from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Proxy, RawUpstream, config, route, snapshot

SECRET = "a secret of the tests, long enough"
NOW = 1_800_000_000.0
GET = b"GET /a HTTP/1.1\r\nHost: shop.example\r\n"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def known(proxy: Proxy, clock: Clock) -> Proxy:
    proxy.call(lambda: proxy.worker.gateway.be_known(ProxiedLine(SECRET, clock)))
    return proxy


def marks(upstream: RawUpstream) -> list[str]:
    lines = upstream.heads[-1].decode("latin-1").split("\r\n")
    name = PROXIED.lower()
    return [line.partition(":")[2].strip() for line in lines if line.partition(":")[0].lower() == name]


def test_the_monolith_is_sent_the_mark_once_whatever_the_client_sends(proxy: Proxy, upstream: RawUpstream) -> None:
    known(proxy, Clock()).ask(GET + b"X-Strangler-Proxied: v1.forged\r\nX_Strangler_Proxied: v1.forged\r\n\r\n")
    [mark] = marks(upstream)
    assert is_proxied(SECRET, mark, NOW)
    assert b"forged" not in upstream.heads[-1]


def test_it_changes_with_the_hour(proxy: Proxy, upstream: RawUpstream) -> None:
    clock = Clock()
    known(proxy, clock).ask(GET + b"\r\n")
    first = marks(upstream)
    clock.now += 2 * HOUR
    known(proxy, clock).ask(GET + b"\r\n")
    assert marks(upstream) != first
    assert is_proxied(SECRET, marks(upstream)[0], clock.now)


def test_a_service_is_not_sent_it_and_the_monoliths_second_process_is(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, upstream: RawUpstream
) -> None:
    catalog, events = make_upstream(), make_upstream()
    routes = (route("a", "/a"), replace(route("b", "/b"), candidate="events"))
    settings = config(upstream.port, catalog.port, routes=routes)
    second = replace(
        settings.upstreams["catalog"], name="events", address=Address("127.0.0.1", events.port), trusted=True
    )
    settings = replace(settings, upstreams={**settings.upstreams, "events": second})
    proxy = make_proxy(settings, snapshot(Stage.EXTRACTED, "a", "b"))
    known(proxy, Clock())
    proxy.ask(GET + b"\r\n")
    proxy.ask(GET.replace(b"/a", b"/b") + b"\r\n")
    assert marks(catalog) == []
    assert len(marks(events)) == 1
