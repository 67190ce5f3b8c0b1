"""Spans on their way to a collector, by OpenTelemetry's SDK: the one module that imports it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from opentelemetry.util.types import AttributeValue

from strangler import __version__
from strangler_proxy.config.values import Config
from strangler_proxy.tracing import Attempt, Span, Tracer

__all__ = ["OtlpSink", "tracer_to"]

_QUEUE: Final = 4096
_BATCH: Final = 512
_EVERY_MILLISECONDS: Final = 2000
_EXPORT_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 2.0
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_SCOPE: Final = InstrumentationScope("strangler_proxy", __version__)

_log = logging.getLogger("strangler.tracing")


class _Counting(SpanExporter):
    """Counts what an exporter took and what it did not; says once when that changes."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._works = True
        self.done = 0
        self.lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception:  # whatever it was, customers are not to hear of it
            result = SpanExportResult.FAILURE
        works = result is SpanExportResult.SUCCESS
        if works != self._works:
            self._works = works
            _log.log(
                logging.INFO if works else logging.WARNING,
                "the collector takes spans again"
                if works
                else "the collector takes no spans; they are dropped. Is it there, at tracing.endpoint?",
            )
        if not works:
            self.lost += len(spans)
        self.done += len(spans)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


class OtlpSink:
    """Gives spans to `exporter` from a thread of the SDK's. When that is slow or fails, spans are dropped and counted.

    `spans` counts all that were made, `dropped` by cause: `queue-full` and `not-exported`.
    """

    def __init__(self, exporter: SpanExporter, service_name: str, instance: str) -> None:
        self.spans = 0
        self._full = 0
        self._put = 0
        self._counting = _Counting(exporter)
        attributes: dict[str, AttributeValue] = {"service.name": service_name, "service.version": __version__}
        self._resource = Resource.create({**attributes, "strangler.config": instance})
        self._processor = BatchSpanProcessor(
            self._counting,
            max_queue_size=_QUEUE,
            max_export_batch_size=_BATCH,
            schedule_delay_millis=_EVERY_MILLISECONDS,
        )

    @classmethod
    def to(cls, endpoint: str, service_name: str, instance: str) -> OtlpSink:
        """A sink that sends by OTLP over HTTP. Headers, such as a key, come from OTEL_EXPORTER_OTLP_HEADERS."""
        # It says every failure of every batch, at length; we say when it begins and ends, and count.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        return cls(OTLPSpanExporter(endpoint, timeout=_EXPORT_SECONDS), service_name, instance)

    @property
    def dropped(self) -> dict[str, int]:
        """The spans that were lost, by cause."""
        return {"queue-full": self._full, "not-exported": self._counting.lost}

    def put(self, span: Span) -> None:
        """Take a span with its attempts."""
        number = 1 + len(span.attempts)
        self.spans += number
        # Looked at here: the SDK's own queue drops the oldest, without counting, and says so each time.
        if self._put - self._counting.done + number > _QUEUE:
            self._full += number
            return
        self._put += number
        state = TraceState.from_header([span.state.decode("ascii")]) if span.state else TraceState()
        context = _context(span, span.span_id, state)
        parent = _context(span, span.parent_id, state, remote=True) if span.parent_id else None
        for attempt in span.attempts:
            self._processor.on_end(self._client_span(span, attempt, _context(span, attempt.span_id, state), context))
        self._processor.on_end(self._server_span(span, context, parent))

    def close(self) -> None:
        """Send what is left, for at most two seconds."""
        # The SDK waits half a minute for a collector that does not answer.
        closing = threading.Thread(target=self._processor.shutdown, name="last spans", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def _server_span(self, span: Span, context: SpanContext, parent: SpanContext | None) -> ReadableSpan:
        method = span.method.decode("ascii")
        name, attributes = _asked(method, span)
        host, port = _host_and_port(span.host, span.secure)
        attributes |= {
            "url.path": span.path.decode("utf-8", "backslashreplace"),
            "url.scheme": "https" if span.secure else "http",
            "server.address": host,
            "server.port": port,
            "strangler.route": span.route,
            "strangler.side": span.side,
        }
        if span.stage:
            attributes["strangler.stage"] = span.stage
        if span.fallback:
            attributes["strangler.fallback"] = span.fallback
        if span.template:
            attributes["http.route"] = span.template
            name = f"{name} {span.template}"
        if span.status:
            attributes["http.response.status_code"] = span.status
        failed = span.error or (str(span.status) if span.status >= 500 else "")
        if failed:
            attributes["error.type"] = failed
        return ReadableSpan(
            name,
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            kind=SpanKind.SERVER,
            instrumentation_scope=_SCOPE,
            # What a client does wrong is no error of the server's.
            status=Status(StatusCode.ERROR if span.status >= 500 else StatusCode.UNSET),
            start_time=span.started,
            end_time=span.ended,
        )

    def _client_span(self, span: Span, attempt: Attempt, context: SpanContext, parent: SpanContext) -> ReadableSpan:
        name, attributes = _asked(span.method.decode("ascii"), span)
        secure = attempt.upstream in span.tracer.secure
        host, port = _host_and_port(attempt.address.encode(), secure)
        path = (attempt.path or span.path).decode("utf-8", "backslashreplace")
        attributes |= {
            # Without the query, which may hold what is nobody's business.
            "url.full": f"{'https' if secure else 'http'}://{attempt.address}{path}",
            "server.address": host,
            "server.port": port,
            "network.protocol.version": "1.1",
            "strangler.upstream": attempt.upstream,
        }
        number = span.attempts.index(attempt)
        if number:
            attributes["http.request.resend_count"] = number
        if attempt.status:
            attributes["http.response.status_code"] = attempt.status
        failed = attempt.error or (str(attempt.status) if attempt.status >= 400 else "")
        if failed:
            attributes["error.type"] = failed
        return ReadableSpan(
            name,
            context=context,
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            kind=SpanKind.CLIENT,
            instrumentation_scope=_SCOPE,
            status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
            start_time=attempt.started,
            end_time=attempt.ended,
        )


def tracer_to(config: Config) -> Tracer:
    """The tracer that the configuration asks for."""
    sink = OtlpSink.to(config.tracing.endpoint, config.tracing.service_name, config.digest)
    secure = {name for name, upstream in config.upstreams.items() if upstream.tls is not None}
    return Tracer(sink, config.tracing.sample, {route.name: route.path for route in config.routes}, secure)


def _asked(method: str, span: Span) -> tuple[str, dict[str, AttributeValue]]:
    """A span's name and its first attributes. Clients choose methods, so an unknown one is no name."""
    attributes: dict[str, AttributeValue] = {"network.protocol.version": f"1.{span.minor}"}
    if method in _METHODS:
        attributes["http.request.method"] = method
        return method, attributes
    attributes["http.request.method"] = "_OTHER"
    attributes["http.request.method_original"] = method
    return "HTTP", attributes


def _context(span: Span, span_id: int, state: TraceState, *, remote: bool = False) -> SpanContext:
    return SpanContext(span.trace_id, span_id, is_remote=remote, trace_flags=TraceFlags(span.flags), trace_state=state)


def _host_and_port(authority: bytes, secure: bool) -> tuple[str, int]:
    text = authority.decode("ascii", "backslashreplace")
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        return text.strip("[]"), 443 if secure else 80
    return host.strip("[]"), int(port)
