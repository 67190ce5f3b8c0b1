"""A worker as a process: started on an inherited socket, deciding by the snapshot on disk, ending when told to."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from strangler.toggles import Stage, write_snapshot
from tests.proxy.dataplane.conftest import MakeUpstream
from tests.proxy.dataplane.raw import OK, Connection, answer, snapshot
from tests.waiting import until

pytestmark = pytest.mark.slow

CONFIG = """
[upstreams.monolith]
url = "http://127.0.0.1:{monolith}"

[upstreams.catalog]
url = "http://127.0.0.1:{catalog}"

[[routes]]
name = "catalog.list"
methods = ["GET"]
path = "/p/"
candidate = "catalog"
"""
GET = b"GET /p/ HTTP/1.1\r\nHost: a\r\n\r\n"


@contextmanager
def worker(folder: Path, monolith: int, catalog: int) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A worker's process and the port it serves on."""
    file = folder / "strangler.toml"
    file.write_text(CONFIG.format(monolith=monolith, catalog=catalog))
    (folder / ".strangler").mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "strangler_proxy", "worker", "--slot", "0", "--fd", str(listener.fileno())]
        process = subprocess.Popen(
            [*command, "-c", str(file)],
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process, listener.getsockname()[1]
        finally:
            process.kill()
            process.communicate()


def test_a_worker_without_a_control_plane_decides_by_the_snapshot_on_disk(
    tmp_path: Path, make_upstream: MakeUpstream
) -> None:
    candidate = make_upstream(answer(OK.replace(b"ok", b"hi")))
    (tmp_path / ".strangler").mkdir()
    write_snapshot(tmp_path / ".strangler" / "toggles.json", snapshot(Stage.EXTRACTED, "catalog.list"))
    with worker(tmp_path, make_upstream().port, candidate.port) as (process, port):
        with Connection.to(port) as client:
            assert client.ask(GET)[1] == b"hi"
            process.send_signal(signal.SIGINT)
            assert client.ask(GET)[1] == b"hi"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
        assert process.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert [(line["route"], line["side"], line["status"]) for line in lines] == [("catalog.list", "candidate", 200)] * 2


def test_a_worker_told_to_stop_ends_what_it_began(tmp_path: Path, make_upstream: MakeUpstream) -> None:
    stopped: list[bool] = []

    def slow(connection: Connection) -> None:
        connection.head()
        until(lambda: stopped)
        connection.send(OK)

    monolith = make_upstream(slow)
    with worker(tmp_path, monolith.port, make_upstream().port) as (process, port), Connection.to(port) as client:
        client.send(GET)
        until(lambda: monolith.connections and monolith.connections[0].received)
        process.send_signal(signal.SIGTERM)
        stopped.append(True)
        assert client.response()[1] == b"ok"
        assert process.wait(20) == 0
