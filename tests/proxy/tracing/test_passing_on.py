"""What an upstream hears of a trace: untouched without tracing, and with it a parent that is the proxy's own span."""

from __future__ import annotations

import subprocess
import sys

import pytest
from strangler_proxy.trace_context import Parent, parent_of
from strangler_proxy.tracing import Span, Tracer

from strangler.toggles import Stage
from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream, cleanup, make_proxy, make_upstream
from tests.proxy.dataplane.raw import OK, Connection, Proxy, RawUpstream, answer, config, snapshot
from tests.proxy.dataplane.test_fallback import FAILURES, NAME, ROUTES, monolith, reset, setup
from tests.proxy.tracing.test_tracing import NOT_SAMPLED, SAMPLED, Kept
from tests.waiting import until

__all__ = ["cleanup", "make_proxy", "make_upstream", "monolith", "setup"]

STATE = b"tracestate: a=1"
BAGGAGE = b"baggage: user=7"


def asked(proxy: Proxy, *lines: bytes, path: bytes = b"/p/") -> None:
    head = b"".join(line + b"\r\n" for line in lines)
    assert proxy.ask(b"GET %b?secret HTTP/1.1\r\nHost: a\r\n%b\r\n" % (path, head))[0].startswith(b"HTTP/1.1 200 ")


def heard(upstream: RawUpstream) -> list[bytes]:
    """The lines about traces that the upstream was sent last."""
    return [line for line in upstream.heads[-1].split(b"\r\n") if line.lower().startswith((b"trace", b"baggage"))]


def parent_in(upstream: RawUpstream) -> Parent:
    lines = heard(upstream)
    assert sum(line.lower().startswith(b"traceparent") for line in lines) == 1
    parent = parent_of(lines)
    assert parent is not None
    return parent


@pytest.fixture
def upstream(make_upstream: MakeUpstream) -> RawUpstream:
    return make_upstream()


@pytest.mark.parametrize(
    "lines", [[], [SAMPLED, STATE, BAGGAGE], [b"traceparent: nonsense", STATE], [SAMPLED, SAMPLED]]
)
def test_without_tracing_everything_passes_through_and_nothing_is_made_up(
    make_proxy: MakeProxy, upstream: RawUpstream, lines: list[bytes]
) -> None:
    asked(make_proxy(config(upstream.port)), *lines)
    assert heard(upstream) == lines


def test_without_tracing_opentelemetry_is_not_imported() -> None:
    check = (
        "import sys, strangler_proxy.worker, strangler_proxy.tracing;"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", check], timeout=60).returncode == 0


def traced(proxy: Proxy, sample: float = 1.0) -> Kept:
    sink = Kept()
    proxy.worker.gateway.tracer = Tracer(sink, sample, {NAME: "/p/"})
    return sink


def the_only(sink: Kept) -> Span:
    """The one span that there is: kept once its exchange has ended, which is after the client has its answer."""
    (span,) = until(lambda: sink.kept)
    return span


def test_an_upstream_hears_of_the_proxys_span_as_its_parent(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port))
    sink = traced(proxy)
    asked(proxy, STATE, SAMPLED, BAGGAGE, b"Cookie: sessionid=1")
    span = the_only(sink)
    parent = parent_in(upstream)
    assert (parent.trace_id, parent.span_id, parent.state) == (span.trace_id, span.attempts[0].span_id, b"a=1")
    assert span.parent_id == 0xB7AD6B7169203331
    assert BAGGAGE in heard(upstream)
    assert b"Cookie: sessionid=1" in upstream.heads[-1]
    assert (span.status, span.path, span.side, span.attempts[0].status) == (200, b"/p/", "monolith", 200)
    assert span.attempts[0].address == f"127.0.0.1:{upstream.port}"


def test_a_trace_that_is_not_recorded_is_left_as_it_came(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port))
    sink = traced(proxy)
    asked(proxy, NOT_SAMPLED, STATE)
    assert heard(upstream) == [NOT_SAMPLED, STATE]
    assert not sink.kept


def test_what_is_no_context_is_not_passed_on(make_proxy: MakeProxy, upstream: RawUpstream) -> None:
    proxy = make_proxy(config(upstream.port))
    traced(proxy, sample=0.0)
    asked(proxy, b"traceparent: nonsense", STATE)
    assert not parent_in(upstream).flags & 1
    assert len(heard(upstream)) == 1


@pytest.mark.parametrize("failure", FAILURES)
def test_a_fallback_is_a_second_attempt_within_the_same_span(
    make_proxy: MakeProxy, make_upstream: MakeUpstream, upstream: RawUpstream, failure: str
) -> None:
    script, _, cause = FAILURES[failure]
    candidate = make_upstream(script)
    configuration = config(upstream.port, candidate.port, routes=ROUTES, first_byte_timeout=0.3)
    proxy = make_proxy(configuration, snapshot(Stage.CANARY, NAME, share=100_000))
    sink = traced(proxy)
    asked(proxy, SAMPLED)
    span = the_only(sink)
    first, second = span.attempts
    assert (first.upstream, first.error, first.status) == ("catalog", cause, 0)
    assert (second.upstream, second.error, second.status) == ("monolith", "", 200)
    assert parent_in(upstream).span_id == second.span_id
    assert (span.route, span.stage, span.template, span.fallback) == (NAME, "canary", "/p/", cause)


def test_a_failure_ends_the_span_with_its_cause(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    proxy = make_proxy(config(make_upstream(reset).port))
    sink = traced(proxy)
    proxy.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    span = the_only(sink)
    assert (span.status, span.error, span.attempts[0].error) == (502, "reset", "reset")
    assert 0 < span.started <= span.attempts[0].started <= span.attempts[0].ended <= span.ended


def test_a_request_that_was_sent_again_has_the_status_of_its_answer(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def once(connection: Connection) -> None:
        connection.head()
        connection.send(OK)
        connection.head()

    proxy = make_proxy(config(make_upstream(once).port, keep_alive=30.0))
    proxy.ask(b"GET /p/ HTTP/1.1\r\nHost: a\r\n\r\n")
    sink = traced(proxy)
    asked(proxy)
    span = the_only(sink)
    assert (span.status, span.error) == (200, "")
    assert [(attempt.status, attempt.error) for attempt in span.attempts] == [(0, "reset"), (200, "")]


def test_an_upstream_that_says_it_cannot_has_answered(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    busy = answer(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy")
    proxy = make_proxy(config(make_upstream(busy).port))
    sink = traced(proxy)
    proxy.ask(b"GET /p/ HTTP/1.1\r\nHost: a\r\n\r\n")
    span = the_only(sink)
    assert (span.status, span.error, span.attempts[0].status) == (503, "", 503)
