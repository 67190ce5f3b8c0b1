"""The service as a process of its own, as it runs in production."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.extracted.catalog import rows
from tests.extracted.catalog.rows import TOKEN, FakeMonolith
from tests.extracted.catalog.sockets import served
from tests.waiting import until

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow


class Process:
    def __init__(self, folder: Path, monolith_url: str, **more: str) -> None:
        self.log = folder / "service.log"
        environment = os.environ | {
            "CATALOG_MONOLITH_URL": monolith_url,
            "CATALOG_FEED_TOKEN": TOKEN,
            "CATALOG_DATABASE_URL": f"sqlite:///{folder / 'catalog.db'}",
            **more,
        }
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "extracted.catalog", "serve", "--port", "0"],
                stdout=output,
                stderr=output,
                env=environment,
                cwd=ROOT,
            )
        self._seen = self.log.stat().st_size

    def url(self) -> str:
        def address() -> re.Match[str] | None:
            assert self.process.poll() is None, self.log.read_text()
            return re.search(r"running on (http://\S+)", self.log.read_text()[self._seen :])

        until(address)
        found = address()
        assert found is not None
        return found[1]

    def end(self, with_signal: signal.Signals) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(20)


@pytest.fixture
def monolith_url(monolith: FakeMonolith) -> Iterator[str]:
    monolith.put("category", rows.category(1))
    monolith.put("product", *(rows.product(i) for i in range(1, 2001)))
    with served(monolith) as url:
        yield url


@pytest.fixture
def process(tmp_path: Path, monolith_url: str) -> Iterator[Process]:
    process = Process(tmp_path, monolith_url)
    yield process
    if process.process.poll() is None:
        process.end(signal.SIGKILL)


def status(client: httpx.Client) -> str:
    text: str = client.get("/health/ready").json()["status"]
    return text


def test_a_change_becomes_visible_without_a_restart_and_the_end_is_graceful(
    process: Process, monolith: FakeMonolith
) -> None:
    with httpx.Client(base_url=process.url()) as client:
        until(lambda: status(client) == "ready")
        monolith.put("product", rows.product(7, name="Now"))
        until(lambda: client.get("/api/v1/products/7/").json()["name"] == "Now")
    assert process.end(signal.SIGTERM) in {0, -signal.SIGTERM}
    lines = [json.loads(line) for line in process.log.read_text().splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))
    assert any(line["message"] == "request" and line["path"] == "/api/v1/products/7/" for line in lines)
    assert TOKEN not in process.log.read_text()


def test_a_service_that_is_killed_while_it_imports_goes_on_where_it_was(
    tmp_path: Path, monolith: FakeMonolith, monolith_url: str
) -> None:
    process = Process(tmp_path, monolith_url, CATALOG_FEED_PAGE="10")
    process.url()
    until(lambda: len(monolith.requests) > 5)
    process.end(signal.SIGKILL)
    asked = len(monolith.requests)
    again = Process(tmp_path, monolith_url)
    try:
        with httpx.Client(base_url=again.url()) as client:
            until(lambda: status(client) == "ready")
            assert client.get("/api/v1/products/").json()["count"] == 2000
        assert monolith.requests[asked].url.params["since"] != ""
    finally:
        again.end(signal.SIGTERM)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_replicas_that_start_at_once_migrate_once(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_sqlite = database == "sqlite"
    url = f"sqlite:///{tmp_path / 'catalog.db'}" if is_sqlite else request.getfixturevalue("postgres_url")
    environment = os.environ | {
        "CATALOG_MONOLITH_URL": "http://monolith.test",
        "CATALOG_FEED_TOKEN": TOKEN,
        "CATALOG_DATABASE_URL": url,
    }
    command = [sys.executable, "-m", "extracted.catalog", "migrate"]
    starting = [
        subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[0].decode() for process in starting]
    assert [process.returncode for process in starting] == [0, 0, 0], said
