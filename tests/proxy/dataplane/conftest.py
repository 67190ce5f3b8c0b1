"""Upstreams and workers that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from strangler_proxy.config import Config

from strangler.toggles import Snapshot
from tests.proxy.dataplane.raw import Proxy, RawUpstream, Script, config

MakeUpstream = Callable[..., RawUpstream]
MakeProxy = Callable[..., Proxy]


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def make_upstream(cleanup: ExitStack) -> MakeUpstream:
    def make(script: Script | None = None) -> RawUpstream:
        upstream = RawUpstream(script)
        cleanup.callback(upstream.close)
        return upstream

    return make


@pytest.fixture
def make_proxy(cleanup: ExitStack) -> MakeProxy:
    def make(configuration: Config, toggles: Snapshot | None = None, **more: Any) -> Proxy:
        proxy = Proxy(configuration, toggles, **more)
        cleanup.callback(proxy.close)
        return proxy

    return make


@pytest.fixture
def upstream(make_upstream: MakeUpstream) -> RawUpstream:
    """A monolith that answers everything with a short 200; its script can be replaced."""
    return make_upstream()


@pytest.fixture
def proxy(make_proxy: MakeProxy, upstream: RawUpstream) -> Proxy:
    """A worker with the monolith behind it and no routes."""
    return make_proxy(config(upstream.port))
