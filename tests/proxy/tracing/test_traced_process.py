"""A whole proxy that was told of a collector: its spans arrive there, and a collector that is gone costs spans only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.proxy.metrics.scraped import Scrape
from tests.proxy.supervisor.proxy import Proxy, upstream
from tests.waiting import until

pytestmark = pytest.mark.slow


class Collector(ThreadingHTTPServer):
    """Keeps the spans it is sent."""

    def __init__(self) -> None:
        self.names: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.server.names += [span.name for scope in resource.scope_spans for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def traced(folder: Path, endpoint: str) -> Iterator[Proxy]:
    proxy = Proxy(folder)
    with upstream("monolith") as monolith, upstream("catalog") as catalog:
        proxy.configure(monolith, catalog)
        with (folder / "strangler.toml").open("a") as file:
            file.write(f'\n[tracing]\nendpoint = "{endpoint}"\nsample = 1.0\n')
        proxy.start()
        try:
            yield proxy
        finally:
            proxy.stop()


def spans(proxy: Proxy) -> tuple[float, float]:
    seen = Scrape(proxy.api("GET", "/metrics").text)
    return seen.value("strangler_spans_total"), seen.value("strangler_spans_dropped_total", cause="not-exported")


def test_spans_arrive_at_the_collector(tmp_path: Path) -> None:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        with traced(tmp_path, f"http://127.0.0.1:{collector.server_port}/v1/traces") as proxy:
            for _ in range(3):
                proxy.get("/products/")
            until(lambda: spans(proxy) == (6, 0))
        # What was left was sent at the end.
        until(lambda: sorted(collector.names) == ["GET"] * 3 + ["GET /products/"] * 3)
        collector.shutdown()
        thread.join()


def test_a_collector_that_is_gone_costs_spans_and_no_request(tmp_path: Path) -> None:
    with Collector() as collector:
        endpoint = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    with traced(tmp_path, endpoint) as proxy:
        for _ in range(5):
            assert httpx.get(f"http://{proxy.addresses['listen']}/", trust_env=False).text == "monolith"
        until(lambda: spans(proxy) == (10, 10))
        assert proxy.log.read_text().count("the collector takes no spans") <= 2
