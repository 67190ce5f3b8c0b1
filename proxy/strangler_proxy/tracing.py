"""Spans of the proxy: one for a request that is served, one for each time that an upstream is asked on its behalf.

Whether a trace is recorded is its beginner's decision, the share in the configuration decides for those that begin
here. What is recorded is collected in plain attributes and given away at the end, so that a request waits for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import getrandbits
from time import time_ns
from typing import TYPE_CHECKING, Final, Protocol

from strangler_proxy.trace_context import RANDOM, SAMPLED, Parent, parent_of, traceparent

if TYPE_CHECKING:
    from strangler_proxy.counts import Tally
    from strangler_proxy.request_head import RequestHead

__all__ = ["Attempt", "Sink", "Span", "Tracer"]

_ID_MASK: Final = (1 << 64) - 1


class Sink(Protocol):
    """Where spans go when they have ended."""

    spans: int

    @property
    def dropped(self) -> dict[str, int]:
        """The spans that were lost, by cause."""

    def put(self, span: Span) -> None:
        """Take a span with its attempts. Neither waits nor raises."""

    def close(self) -> None:
        """Send what is left, within a bounded time."""


class Attempt:
    """One time that an upstream was asked: `status` of its answer (0: none), or the `error` that kept it from one.

    `path` is what it was asked for where a route rewrites, else empty.
    """

    __slots__ = ("address", "ended", "error", "path", "span_id", "started", "status", "upstream")

    def __init__(self, span_id: int, upstream: str, address: str, path: bytes) -> None:
        self.span_id: int = span_id
        self.upstream: str = upstream
        self.address: str = address
        self.path: bytes = path
        self.started: int = time_ns()
        self.ended: int = 0
        self.status: int = 0
        self.error: str = ""


class Span:
    """One request in its trace. `recorded` says whether it goes to the collector; if not, it only tells others so.

    `replaced` are the request's own lines that `lines` stand in for. Times are nanoseconds since the epoch. `fallback`
    is the cause for which the monolith answered in the place of a candidate, `template` the route's path with its
    variables named.
    """

    __slots__ = (
        "attempts",
        "ended",
        "error",
        "fallback",
        "flags",
        "host",
        "method",
        "minor",
        "parent_id",
        "path",
        "recorded",
        "replaced",
        "route",
        "secure",
        "side",
        "span_id",
        "stage",
        "started",
        "state",
        "status",
        "template",
        "trace_id",
        "tracer",
    )

    def __init__(
        self,
        tracer: Tracer,
        trace_id: int,
        parent: Parent | None,
        flags: int,
        head: RequestHead,
        replaced: list[bytes],
    ) -> None:
        self.tracer: Tracer = tracer
        self.replaced: list[bytes] = replaced
        self.trace_id: int = trace_id
        self.span_id: int = getrandbits(64) or 1
        self.parent_id: int = 0 if parent is None else parent.span_id
        self.state: bytes = b"" if parent is None else parent.state
        self.flags: int = flags
        self.recorded: bool = bool(flags & SAMPLED)
        self.started: int = time_ns()
        self.ended: int = 0
        self.method: bytes = head.method
        self.path: bytes = head.path
        self.host: bytes = head.host
        self.minor: int = head.minor
        self.secure: bool = head.secure
        self.attempts: list[Attempt] = []
        self.route: str = ""
        self.side: str = ""
        self.stage: str = ""
        self.template: str = ""
        self.status: int = 0
        self.error: str = ""
        self.fallback: str = ""

    def lines(self, upstream: str, address: str, target: bytes = b"") -> bytes:
        """A new attempt: the header lines, each ended by CRLF, that name it to `upstream` at `address`.

        They stand in for the request's own, which are not passed on. `target` is what is asked for, empty where that
        is what the client asked for.
        """
        attempt = Attempt(getrandbits(64) or 1, upstream, address, target.partition(b"?")[0])
        if self.recorded:
            self._close(0, "abandoned")
            self.attempts.append(attempt)
        named = traceparent(self.trace_id, attempt.span_id, self.flags)
        if self.state:
            return b"traceparent: %b\r\ntracestate: %b\r\n" % (named, self.state)
        return b"traceparent: %b\r\n" % named

    def failed(self, cause: str) -> None:
        """The upstream that was asked last gave no answer, because of `cause`."""
        self._close(0, cause)

    def end(self, tally: Tally, status: int, error: str, fallback: str) -> None:
        """The request is over: whose answer it was, its status, and the causes as in the access log. Once."""
        if not self.recorded:
            return
        self._close(0 if error else status, error)
        self.ended = time_ns()
        self.route, self.side, self.stage = tally.route, tally.side, tally.stage
        self.template = self.tracer.templates.get(tally.route, "")
        self.status = status
        self.error = error
        self.fallback = fallback
        self.tracer.sink.put(self)

    def _close(self, status: int, error: str) -> None:
        if self.attempts and not self.attempts[-1].ended:
            attempt = self.attempts[-1]
            attempt.ended = time_ns()
            attempt.status = status
            attempt.error = error


class Tracer:
    """Begins spans. `sample` is the share of the traces that begin here, `templates` the path of each route.

    `secure` are the names of the upstreams that are asked over TLS.
    """

    __slots__ = ("_below", "secure", "sink", "templates")

    def __init__(
        self, sink: Sink, sample: float, templates: Mapping[str, str], secure: Collection[str] = frozenset()
    ) -> None:
        self.sink: Sink = sink
        self.templates: Mapping[str, str] = templates
        self.secure: Collection[str] = secure
        self._below: int = round(sample * (_ID_MASK + 1))

    def begin(self, head: RequestHead, traces: list[bytes]) -> Span | None:
        """The span of a request, None for one whose trace is not recorded: its context passes through as it came.

        `traces` are the request's traceparent and tracestate lines.
        """
        parent = parent_of(traces) if traces else None
        if parent is not None:
            if not parent.flags & SAMPLED:
                return None
            return Span(self, parent.trace_id, parent, parent.flags, head, traces)
        trace_id = getrandbits(128) or 1
        flags = RANDOM | SAMPLED if trace_id & _ID_MASK < self._below else RANDOM
        return Span(self, trace_id, None, flags, head, traces)
