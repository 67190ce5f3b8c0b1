"""The access log never holds a request up: a reader that is slow or gone costs lines, which are counted."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from select import PIPE_BUF
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.access_log import AccessLog

from tests.waiting import until


def note(log: AccessLog, path: bytes = b"/", status: int = 200, seconds: float = 0.0015, **causes: str) -> None:
    log.add(b"GET", path, status, b'"route":"-"', seconds, b"id", causes.get("fallback", ""), causes.get("error", ""))


class Reader:
    """The other end of a log's pipe: reads to the end in a thread of its own."""

    def __init__(self) -> None:
        self._end, self.writer = os.pipe()
        self._pieces: list[bytes] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while data := os.read(self._end, 65536):
            self._pieces.append(data)
        os.close(self._end)

    def text(self) -> bytes:
        """All that was written, once the last writer has gone."""
        with suppress(OSError):
            os.close(self.writer)
        self._thread.join()
        return b"".join(self._pieces)

    def lines(self) -> list[dict[str, Any]]:
        """The same, line by line."""
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.text()


def test_every_line_is_json_whatever_the_path_is(reader: Reader) -> None:
    log = AccessLog(reader.writer)
    paths = [b"/plain", b'/"quoted"\\', b"/\xc3\xa4", b"/\xff", b"/\x7f"]
    for path in paths:
        note(log, path)
    note(log, fallback="refused", error='request: a "quoted" chunk')
    log.close()
    lines = reader.lines()
    assert [line["path"] for line in lines[:-1]] == ["/plain", '/"quoted"\\', "/ä", "/\\xff", "/\x7f"]
    assert (lines[-1]["fallback"], lines[-1]["error"], lines[-1]["ms"]) == (
        "refused",
        'request: a "quoted" chunk',
        1.5,
    )
    assert set(lines[0]) == {"time", "method", "path", "status", "route", "ms", "id"}


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_in_a_path_make_one_line_of_json(paths: list[bytes]) -> None:
    reader = Reader()
    log = AccessLog(reader.writer)
    for path in paths:
        note(log, path)
    log.close()
    assert [line["path"] for line in reader.lines()] == [path.decode("utf-8", "backslashreplace") for path in paths]


def test_a_line_tells_when_its_request_was_over(reader: Reader) -> None:
    before = datetime.now(UTC)
    log = AccessLog(reader.writer)
    note(log)
    after = datetime.now(UTC)
    log.close()
    (line,) = reader.lines()
    assert line["time"].endswith("Z")
    told = datetime.fromisoformat(line["time"])
    assert before.replace(microsecond=before.microsecond // 1000 * 1000) <= told <= after


@pytest.mark.parametrize(
    ("seconds", "ms"), [(0.0, 0), (0.0000004, 0), (0.0000006, 0.001), (0.0015, 1.5), (1.25, 1250), (3600.0, 3_600_000)]
)
def test_durations_are_milliseconds_to_the_microsecond(reader: Reader, seconds: float, ms: float) -> None:
    log = AccessLog(reader.writer)
    note(log, seconds=seconds)
    log.close()
    assert reader.lines()[0]["ms"] == ms


def test_lines_come_in_the_order_of_the_requests_however_many_there_are(reader: Reader) -> None:
    log = AccessLog(reader.writer)
    for number in range(3000):
        note(log, b"/%d" % number)
    log.close()
    assert [line["path"] for line in reader.lines()] == [f"/{number}" for number in range(3000)]
    assert (log.lines, log.dropped) == (3000, 0)


def test_workers_that_share_a_pipe_do_not_tear_each_others_lines(reader: Reader) -> None:
    logs = [AccessLog(reader.writer) for _ in range(4)]
    for number in range(4000):
        note(logs[number % 4], b"/%b" % (b"ab"[number % 2 : number % 2 + 1] * 300))
    for log in logs:
        log.close()
    assert len(reader.lines()) == 4000


def test_a_line_longer_than_a_pipe_takes_at_once_is_written_whole(reader: Reader) -> None:
    log = AccessLog(reader.writer)
    paths = [b"/short", b"/" + b"a" * 3 * PIPE_BUF, b"/after", b"/" + b"b" * PIPE_BUF]
    for path in paths:
        note(log, path)
    log.close()
    assert [line["path"].encode() for line in reader.lines()] == paths


def test_a_reader_that_stands_still_costs_lines_and_neither_time_nor_memory() -> None:
    end, writer = os.pipe()
    log = AccessLog(writer)
    for _ in range(100_000):
        note(log, b"/" + b"a" * 600)
    log.flush()
    assert log.dropped > 0
    assert log.lines == 100_000
    # What a pipe holds, what waits, and the batch that was let in as the last.
    assert 0 < log._queued_bytes - log._written_bytes < 9 * 1024 * 1024
    os.close(end)
    until(log._batches.empty)
    log.close()
    os.close(writer)
    assert log.dropped > 99_000


def test_a_reader_that_is_gone_costs_only_the_lines() -> None:
    end, writer = os.pipe()
    os.close(end)
    log = AccessLog(writer)
    note(log)
    log.close()
    assert log.dropped == 1
    os.close(writer)


def test_a_log_that_is_switched_off_writes_nothing() -> None:
    log = AccessLog(None)
    note(log)
    log.close()
    assert (log.lines, log.dropped) == (0, 0)


def test_of_ordinary_requests_the_share_is_written_and_says_so(reader: Reader) -> None:
    log = AccessLog(reader.writer, sample=0.25)
    for _ in range(4000):
        note(log)
    log.close()
    lines = reader.lines()
    assert 800 < len(lines) < 1200
    assert all(line["sampled"] == 0.25 for line in lines)
    assert (log.lines, log.sampled_out) == (len(lines), 4000 - len(lines))


def test_what_failed_fell_back_or_was_slow_is_always_written_and_stands_for_itself(reader: Reader) -> None:
    log = AccessLog(reader.writer, sample=0.0, slow=0.5)
    note(log)
    note(log, status=404)
    note(log, status=500)
    note(log, status=400, error="no Host")
    note(log, fallback="reset")
    note(log, seconds=0.5)
    note(log, seconds=0.4999)
    log.close()
    lines = reader.lines()
    assert [(line["status"], line.get("error"), line.get("fallback"), line["ms"]) for line in lines] == [
        (500, None, None, 1.5),
        (400, "no Host", None, 1.5),
        (200, None, "reset", 1.5),
        (200, None, None, 500),
    ]
    assert not any("sampled" in line for line in lines)
    assert log.sampled_out == 3


def test_without_sampling_no_line_speaks_of_it(reader: Reader) -> None:
    log = AccessLog(reader.writer)
    note(log)
    log.close()
    assert "sampled" not in reader.lines()[0]
