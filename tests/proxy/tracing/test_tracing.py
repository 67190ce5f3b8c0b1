"""A span for each request of a recorded trace, one for each time an upstream was asked, and none in anybody's way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from strangler_proxy.config import Address, Config, Upstream
from strangler_proxy.config.upstreams import UpstreamTls
from strangler_proxy.config.values import Tracing
from strangler_proxy.counts import Counts, Tally
from strangler_proxy.request_head import RequestHead
from strangler_proxy.span_export import OtlpSink, tracer_to
from strangler_proxy.trace_context import Parent, parent_of
from strangler_proxy.tracing import Span, Tracer

from tests.waiting import until

SAMPLED = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = SAMPLED[:-1] + b"0"
TALLY = Counts().tally("catalog.list", "candidate", "catalog", "canary")
TEMPLATES = {"catalog.list": "/products/<int:id>/"}


def head(method: bytes = b"GET", path: bytes = b"/products/7/", host: bytes = b"shop.example:8443") -> RequestHead:
    made = RequestHead(method, path, 1)
    made.host = host
    return made


class Kept:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.spans = 0
        self.dropped: dict[str, int] = {}
        self.kept: list[Span] = []

    def put(self, span: Span) -> None:
        self.kept.append(span)

    def close(self) -> None:
        """Nothing is left."""


class Exporter(SpanExporter):
    """Keeps what it is given; waits for `go`, and says what `result` is."""

    def __init__(self) -> None:
        self.given: list[ReadableSpan] = []
        self.go = threading.Event()
        self.go.set()
        self.result: SpanExportResult | Exception = SpanExportResult.SUCCESS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.go.wait(30)
        self.given += spans
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def shutdown(self) -> None:
        self.go.set()


@pytest.fixture
def exporter() -> Exporter:
    return Exporter()


@pytest.fixture
def sink(exporter: Exporter) -> Iterator[OtlpSink]:
    sink = OtlpSink(exporter, "edge", "digest")
    yield sink
    exporter.go.set()
    sink.close()


def passed_on(lines: bytes) -> Parent:
    parent = parent_of(lines.split(b"\r\n"))
    assert parent is not None
    return parent


def test_a_recorded_trace_goes_on_through_the_proxy() -> None:
    sink = Kept()
    span = Tracer(sink, 0.0, {}).begin(head(), [SAMPLED, b"tracestate: a=1"])
    assert span is not None
    told = passed_on(span.lines("catalog", "127.0.0.1:8100"))
    span.end(TALLY, 200, "", "")
    (kept,) = sink.kept
    assert (kept.trace_id, kept.parent_id) == (0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331)
    assert (told.trace_id, told.span_id, told.flags, told.state) == (
        kept.trace_id,
        kept.attempts[0].span_id,
        1,
        b"a=1",
    )


def test_a_trace_that_is_not_recorded_passes_through_untouched() -> None:
    assert Tracer(Kept(), 1.0, {}).begin(head(), [NOT_SAMPLED]) is None


def test_a_trace_that_begins_here_and_is_not_recorded_says_so_to_the_services() -> None:
    sink = Kept()
    span = Tracer(sink, 0.0, {}).begin(head(), [])
    assert span is not None
    assert not passed_on(span.lines("catalog", "127.0.0.1:8100")).flags & 1
    span.failed("reset")
    span.end(TALLY, 502, "reset", "")
    assert not sink.kept


@pytest.mark.parametrize("lines", [[b"traceparent: 00-nonsense", b"tracestate: a=1"], [SAMPLED, SAMPLED]])
def test_what_is_no_context_is_replaced_by_a_trace_of_its_own(lines: list[bytes]) -> None:
    span = Tracer(Kept(), 1.0, {}).begin(head(), lines)
    assert span is not None
    told = passed_on(span.lines("catalog", "127.0.0.1:8100"))
    assert (told.trace_id, told.state, span.parent_id) == (span.trace_id, b"", 0)
    assert told.trace_id != 0x0AF7651916CD43DD8448EB211C80319C


@pytest.mark.parametrize(("sample", "least", "most"), [(0.0, 0, 0), (0.25, 350, 650), (1.0, 2000, 2000)])
def test_the_share_decides_over_the_traces_that_begin_here(sample: float, least: int, most: int) -> None:
    tracer = Tracer(Kept(), sample, {})
    spans = [tracer.begin(head(), []) for _ in range(2000)]
    assert least <= sum(span is not None and span.recorded for span in spans) <= most


def exported(exporter: Exporter, sink: OtlpSink, work: Callable[[Span], None], **asked: bytes) -> list[ReadableSpan]:
    span = Tracer(sink, 1.0, TEMPLATES).begin(head(**asked), [])
    assert span is not None
    work(span)
    sink.close()
    return exporter.given


def test_spans_say_what_the_conventions_ask_for(exporter: Exporter, sink: OtlpSink) -> None:
    def work(span: Span) -> None:
        span.lines("catalog", "127.0.0.1:8100")
        span.end(TALLY, 200, "", "")

    client, server = exported(exporter, sink, work)
    assert (server.name, server.kind, server.status.status_code) == (
        "GET /products/<int:id>/",
        SpanKind.SERVER,
        StatusCode.UNSET,
    )
    assert dict(server.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/products/<int:id>/",
        "network.protocol.version": "1.1",
        "server.address": "shop.example",
        "server.port": 8443,
        "strangler.route": "catalog.list",
        "strangler.side": "candidate",
        "strangler.stage": "canary",
        "url.path": "/products/7/",
        "url.scheme": "http",
    }
    assert (client.name, client.kind, client.status.status_code) == ("GET", SpanKind.CLIENT, StatusCode.UNSET)
    assert dict(client.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": "127.0.0.1",
        "server.port": 8100,
        "strangler.upstream": "catalog",
        "url.full": "http://127.0.0.1:8100/products/7/",
    }
    assert client.parent is not None
    assert server.context is not None
    assert client.parent.span_id == server.context.span_id
    assert server.parent is None
    assert server.resource.attributes["service.name"] == "edge"
    assert (server.start_time or 0) <= (client.start_time or 0) <= (client.end_time or 0) <= (server.end_time or 0)


def test_an_upstreams_span_has_the_scheme_and_the_path_that_it_was_asked_with(
    exporter: Exporter, sink: OtlpSink
) -> None:
    span = Tracer(sink, 1.0, TEMPLATES, {"catalog"}).begin(head(), [])
    assert span is not None
    span.lines("catalog", "catalog.example:8443", b"/v1/products/7?secret=x")
    span.failed("reset")
    span.lines("monolith", "127.0.0.1:8000")
    span.end(TALLY, 200, "", "reset")
    sink.close()
    first, second, _ = (dict(each.attributes or {}) for each in exporter.given)
    assert first["url.full"] == "https://catalog.example:8443/v1/products/7"
    assert second["url.full"] == "http://127.0.0.1:8000/products/7/"


def test_the_upstreams_that_are_asked_over_tls_come_from_the_configuration() -> None:
    catalog = Upstream("catalog", Address("127.0.0.1", 2), tls=UpstreamTls())
    upstreams = {"monolith": Upstream("monolith", Address("127.0.0.1", 1)), "catalog": catalog}
    tracing = Tracing("http://127.0.0.1:9/v1/traces")
    tracer = tracer_to(Config(path=Path("strangler.toml"), upstreams=upstreams, tracing=tracing))
    tracer.sink.close()
    assert tracer.secure == {"catalog"}


def test_a_fallback_shows_both_upstreams_and_why(exporter: Exporter, sink: OtlpSink) -> None:
    def work(span: Span) -> None:
        span.lines("catalog", "[::1]:8100")
        span.failed("reset")
        span.lines("monolith", "127.0.0.1:8000")
        span.end(Tally("catalog.list", "monolith", "monolith", "canary"), 200, "", "reset")

    first, second, server = exported(exporter, sink, work)
    one, two, all_in_all = dict(first.attributes or {}), dict(second.attributes or {}), dict(server.attributes or {})
    assert (first.status.status_code, one["error.type"], one["server.address"]) == (StatusCode.ERROR, "reset", "::1")
    assert "http.response.status_code" not in one
    assert (second.status.status_code, two["http.request.resend_count"]) == (StatusCode.UNSET, 1)
    assert (all_in_all["strangler.fallback"], all_in_all["http.response.status_code"]) == ("reset", 200)
    assert "error.type" not in all_in_all


def test_an_error_has_its_type_and_a_client_at_fault_is_none_of_the_servers(exporter: Exporter, sink: OtlpSink) -> None:
    tracer = Tracer(sink, 1.0, {})
    for status, error in ((404, ""), (502, "reset"), (503, "")):
        span = tracer.begin(head(), [])
        assert span is not None
        span.lines("catalog", "127.0.0.1:8100")
        span.end(TALLY, status, error, "")
    sink.close()
    servers = [span for span in exporter.given if span.kind is SpanKind.SERVER]
    clients = [span for span in exporter.given if span.kind is SpanKind.CLIENT]
    told = [(each.status.status_code, (each.attributes or {}).get("error.type")) for each in servers]
    assert told == [(StatusCode.UNSET, None), (StatusCode.ERROR, "reset"), (StatusCode.ERROR, "503")]
    assert [(each.attributes or {}).get("error.type") for each in clients] == ["404", "reset", "503"]
    assert all(each.status.status_code is StatusCode.ERROR for each in clients)


def test_a_method_of_the_clients_own_is_no_name(exporter: Exporter, sink: OtlpSink) -> None:
    (server,) = exported(exporter, sink, lambda span: span.end(TALLY, 405, "", ""), method=b"BREW", path=b"/\xff")
    attributes = dict(server.attributes or {})
    assert (attributes["http.request.method"], attributes["http.request.method_original"]) == ("_OTHER", "BREW")
    assert attributes["url.path"] == "/\\xff"
    assert server.name == "HTTP /products/<int:id>/"


def test_a_collector_that_stands_still_costs_spans_which_are_counted(exporter: Exporter, sink: OtlpSink) -> None:
    exporter.go.clear()
    tracer = Tracer(sink, 1.0, {})
    for _ in range(6000):
        span = tracer.begin(head(), [])
        assert span is not None
        span.end(TALLY, 200, "", "")
    assert sink.spans == 6000
    assert sink.dropped == {"queue-full": 6000 - 4096, "not-exported": 0}


@pytest.mark.parametrize("result", [SpanExportResult.FAILURE, OSError("gone")])
def test_spans_that_the_collector_does_not_take_are_counted(
    exporter: Exporter, sink: OtlpSink, result: SpanExportResult | Exception
) -> None:
    exporter.result = result
    exported(exporter, sink, lambda span: span.end(TALLY, 200, "", ""))
    assert sink.dropped == {"queue-full": 0, "not-exported": 1}


def test_spans_reach_a_collector_by_otlp(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[tuple[str, str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, self.headers["X-Key"], body))
            self.send_response(200)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        sink = OtlpSink.to(f"http://127.0.0.1:{server.server_port}/v1/traces", "edge", "digest")
        span = Tracer(sink, 1.0, TEMPLATES).begin(head(), [SAMPLED])
        assert span is not None
        span.lines("catalog", "127.0.0.1:8100")
        span.end(TALLY, 200, "", "")
        sink.close()
        until(lambda: received)
        server.shutdown()
        thread.join()
    path, key, body = received[0]
    assert (path, key) == ("/v1/traces", "secret")
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    names = sorted(each.name for each in resource.scope_spans[0].spans)
    assert names == ["GET", "GET /products/<int:id>/"]
    assert {each.trace_id.hex() for each in resource.scope_spans[0].spans} == {"0af7651916cd43dd8448eb211c80319c"}
    assert sink.dropped == {"queue-full": 0, "not-exported": 0}


def test_a_collector_that_is_not_there_does_not_hold_up_the_end() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    sink = OtlpSink.to(f"http://127.0.0.1:{port}/v1/traces", "edge", "digest")
    span = Tracer(sink, 1.0, {}).begin(head(), [])
    assert span is not None
    span.end(TALLY, 200, "", "")
    sink.close()
    until(lambda: sink.dropped["not-exported"] == 1)
