"""A body that drips while the answer to it has begun."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace

from strangler_proxy.config import Limits

from tests.proxy.dataplane.conftest import MakeProxy, MakeUpstream
from tests.proxy.dataplane.raw import Connection, config
from tests.waiting import until


def test_a_body_that_drips_behind_an_early_answer_is_ended(make_proxy: MakeProxy, make_upstream: MakeUpstream) -> None:
    def early(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
        connection.rest()

    limits = replace(Limits(), body_rate=1000, body_timeout=0.5)
    proxy = make_proxy(config(make_upstream(early).port, limits=limits, idle_timeout=5.0))
    over = threading.Event()
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        client.until(b"begun")

        def drip() -> None:
            with suppress(OSError):
                while not over.wait(0.05):
                    client.send(b"x")

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        try:
            until(lambda: proxy.call(lambda: proxy.worker.gateway.monolith._in_flight) == 0, seconds=10)
        finally:
            over.set()
            dripping.join(10)


def test_an_upstream_has_its_own_time_once_a_slow_body_has_wholly_come(
    make_proxy: MakeProxy, make_upstream: MakeUpstream
) -> None:
    def early(connection: Connection) -> None:
        connection.head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        connection.exactly(6)
        time.sleep(1.0)
        connection.send(b"67890")

    limits = Limits(body_timeout=1.0, body_rate=1000)
    proxy = make_proxy(config(make_upstream(early).port, limits=limits, idle_timeout=30.0))
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\n12345")
        client.until(b"12345")
        time.sleep(0.7)
        client.send(b"6")
        assert client.rest() == b"67890"
    assert "error" not in proxy.log()[0]
