"""What is under way when a worker's patience ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.access_log import AccessLog

from tests.proxy.dataplane.memory import Bench
from tests.proxy.dataplane.raw import config


@pytest.mark.parametrize("leaves", [False, True])
def test_an_unsafe_request_that_a_stop_cuts_off_is_logged_and_its_connection_closed(
    tmp_path: Path, leaves: bool
) -> None:
    bench = Bench(config(1))
    path = tmp_path / "access.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    bench.gateway.log = AccessLog(descriptor)

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_text().splitlines()]

    client = bench.client()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    if leaves:
        client.transport.abort()
        bench.turn()
    assert lines() == []
    bench.gateway.stop()
    bench.turn()
    assert [(line["status"], line["error"]) for line in lines()] == [(499, "client-gone")]
    assert bench.fars[0].transport.closing
    assert bench.gateway.monolith._in_flight == 0
    bench.close()
    os.close(descriptor)
