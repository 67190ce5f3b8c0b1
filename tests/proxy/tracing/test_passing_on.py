"""What an upstream hears of a trace: untouched without tracing, and with it a parent that is the proxy's own span."""

from __future__ import annotations

import subprocess
import sys

import pytest
from strangler_proxy.trace_context import Parent, parent_of

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream, cleanup, make_proxy, make_upstream
from tests.proxy.dataplane.raw import Proxy, RawUpstream, config
from tests.proxy.dataplane.test_fallback import monolith, setup
from tests.proxy.tracing.test_tracing import SAMPLED

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
