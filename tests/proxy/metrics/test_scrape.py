"""A whole proxy with customers: a scrape says what they were answered, by route and status class, to the last one."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest
from strangler_proxy.measures import MEASURES

from tests.proxy.metrics.scraped import Scrape
from tests.proxy.supervisor.proxy import Proxy, kill, served
from tests.waiting import until

pytestmark = pytest.mark.slow

REQUESTS = "strangler_requests_total"
HISTOGRAM = "strangler_request_duration_seconds"
REFUSED = "strangler_requests_refused_total"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with served(tmp_path_factory.mktemp("scraped")) as proxy:
        yield proxy


def scrape(proxy: Proxy) -> Scrape:
    answered = proxy.api("GET", "/metrics")
    assert answered.status_code == 200
    return Scrape(answered.text)


def told(proxy: Proxy, number: int) -> Scrape:
    """A scrape in which `number` requests have been told of."""
    return until(lambda: seen if (seen := scrape(proxy)).value(REQUESTS) >= number else None)


def raw(proxy: Proxy, request: bytes) -> bytes:
    host, _, port = proxy.addresses["listen"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(request)
        received = b""
        while data := client.recv(65536):
            received += data
        return received


def test_numbers_are_what_was_sent_by_route_and_status_class(proxy: Proxy) -> None:
    before = scrape(proxy).value(REQUESTS)
    for _ in range(7):
        proxy.get("/products/")
    for _ in range(3):
        proxy.get("/elsewhere/")
    proxy.flip("extracted")
    for _ in range(5):
        proxy.get("/products/")
    for _ in range(2):
        assert raw(proxy, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    seen = told(proxy, int(before) + 17)
    route = {"route": "catalog.list"}
    assert seen.value(REQUESTS, **route, side="monolith", upstream="monolith", status_class="2xx") == 7
    assert seen.value(REQUESTS, **route, side="candidate", upstream="catalog", status_class="2xx") == 5
    assert seen.value(REQUESTS, route="-", side="monolith", status_class="2xx") == 3
    assert seen.value(REQUESTS, route="-", side="-", status_class="4xx") == 2
    assert seen.value(REQUESTS) == before + 17
    assert seen.value(f"{HISTOGRAM}_count") == seen.value(f"{HISTOGRAM}_bucket", le="+Inf") == before + 17
    assert 0 < seen.value(f"{HISTOGRAM}_sum", **route) < 12 * 20
    assert seen.rows(REFUSED) == {("400", "no Host"): 2}
    # Lines are counted as they are written, a moment after their requests.
    until(lambda: scrape(proxy).value("strangler_access_log_lines_total") == before + 17)
    traffic = {(row["route"], row["side"]): row["count"] for row in proxy.status()["traffic"]}
    assert traffic["catalog.list", "candidate"] == 5


def test_stages_are_told_apart(proxy: Proxy) -> None:
    proxy.flip("canary", share="100%")
    before = scrape(proxy).value(REQUESTS)
    for _ in range(4):
        assert proxy.get("/products/") == "catalog"
    seen = told(proxy, int(before) + 4)
    assert seen.value(REQUESTS, route="catalog.list", stage="canary", side="candidate") == 4
    assert seen.value("strangler_toggle_stage", name="catalog.list", stage="canary") == 1


def test_every_metric_of_a_worker_has_its_worker_and_its_numbers(proxy: Proxy) -> None:
    seen = until(lambda: each if len((each := scrape(proxy)).rows("strangler_event_loop_lag_seconds")) == 2 else None)
    assert set(seen.names) == set(MEASURES)
    for name in (
        "strangler_worker_up",
        "strangler_worker_live",
        "strangler_client_connections_limit",
        "strangler_process_open_fds",
        "strangler_worker_age_seconds",
    ):
        rows = seen.rows(name)
        assert {("0",), ("1",)} <= set(rows)
        assert all(value > 0 for value in rows.values())
    for upstream in ("monolith", "catalog"):
        assert seen.value("strangler_pool_in_flight_limit", worker="0", upstream=upstream) > 0
        states = {
            state: seen.value("strangler_breaker_state", worker="1", upstream=upstream, state=state)
            for state in ("closed", "open", "half-open", "off")
        }
        assert sum(states.values()) == 1
    assert seen.value("strangler_process_cpu_seconds_total", worker="0") > 0
    assert seen.value("strangler_process_resident_memory_bytes", worker="control") > 1_000_000


def test_what_a_worker_counted_outlives_its_death(proxy: Proxy) -> None:
    before = int(scrape(proxy).value(REQUESTS))
    for _ in range(4):
        proxy.get("/elsewhere/")
    told(proxy, before + 4)
    links = scrape(proxy).value("strangler_worker_links_total", worker="0")
    kill(proxy.child("worker --slot 0"))
    until(lambda: scrape(proxy).value("strangler_worker_links_total", worker="0") > links)
    until(lambda: scrape(proxy).value("strangler_worker_live") == 2)
    assert scrape(proxy).value(REQUESTS) >= before + 4
    assert proxy.api("GET", "/health/ready").status_code == 200


def test_metrics_need_the_token(proxy: Proxy) -> None:
    answered = httpx.get(f"http://{proxy.addresses['control']}/metrics", trust_env=False)
    assert answered.status_code == 401
    assert "strangler_" not in answered.text
