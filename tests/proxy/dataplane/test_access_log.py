"""The access log never holds a request up: a reader that is slow or gone costs lines, which are counted."""

from __future__ import annotations

import json
import os

from strangler_proxy.access_log import AccessLog

from tests.waiting import until


def note(log: AccessLog, path: bytes = b"/", **causes: str) -> None:
    log.add(b"GET", path, 200, '"route":"-"', 0.0015, b"id", causes.get("fallback", ""), causes.get("error", ""))


def test_every_line_is_json_whatever_the_path_is() -> None:
    reader, writer = os.pipe()
    log = AccessLog(writer)
    paths = [b"/plain", b'/"quoted"\\', b"/\xc3\xa4", b"/\xff", b"/\x7f"]
    for path in paths:
        note(log, path)
    note(log, fallback="refused", error="reset")
    log.close()
    lines = [json.loads(line) for line in os.read(reader, 65536).splitlines()]
    assert [line["path"] for line in lines[:-1]] == ["/plain", '/"quoted"\\', "/ä", "/\\xff", "/\x7f"]
    assert (lines[-1]["fallback"], lines[-1]["error"], lines[-1]["ms"]) == ("refused", "reset", 1.5)
    os.close(reader)
    os.close(writer)


def test_a_reader_that_stands_still_costs_lines_and_no_time() -> None:
    reader, writer = os.pipe()
    log = AccessLog(writer)
    for _ in range(400_000):
        note(log, b"/" + b"a" * 60)
    assert log.dropped > 0
    os.close(reader)
    until(log._batches.empty)
    log.close()
    os.close(writer)


def test_a_reader_that_is_gone_costs_only_the_lines() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = AccessLog(writer)
    note(log)
    log.close()
    assert log.dropped == 1
    os.close(writer)


def test_a_log_that_is_switched_off_writes_nothing() -> None:
    log = AccessLog(None)
    note(log)
    log.close()
    assert log.dropped == 0
