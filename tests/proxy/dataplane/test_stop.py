"""What is under way when a worker's patience ends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proxy.dataplane.memory import Bench
from tests.proxy.dataplane.raw import config


class Log:
    """Keeps the status and the error of each request."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []

    def add(self, *noted: Any) -> None:
        self.lines.append((noted[2], noted[7]))

    def flush(self) -> None: ...
    def close(self) -> None: ...


@pytest.mark.parametrize("leaves", [False, True])
def test_an_unsafe_request_that_a_stop_cuts_off_is_logged_and_its_connection_closed(leaves: bool) -> None:
    bench = Bench(config(1))
    log = Log()
    bench.gateway.log = log  # type: ignore[assignment]
    client = bench.client()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    if leaves:
        client.transport.abort()
        bench.turn()
    assert log.lines == []
    bench.gateway.stop()
    bench.turn()
    assert log.lines == [(499, "client-gone")]
    assert bench.fars[0].transport.closing
    assert bench.gateway.monolith._in_flight == 0
    bench.close()
