from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.access_log import AccessLog

from strangler.errors import RecordingError
from strangler.recording import Format, Recording, open_recording
from strangler.recording.access_lines import AccessLine, read_access_lines
from strangler.recording.problems import Problems

COMBINED = '203.0.113.7 - - [29/Nov/2026:18:00:00 +0100] "GET /p/1/?x=%C3%A4 HTTP/1.1" 200 512 "-" "Mozilla/5.0"'


def read(folder: Path, *lines: str) -> Recording:
    path = folder / "access.log"
    path.write_text("".join(f"{line}\n" for line in lines))
    return open_recording(path)


def test_our_own_log_is_read_as_the_proxy_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    log = AccessLog(descriptor)
    label = b'"route":null,"side":"monolith","upstream":"monolith"'
    for method, target in ((b"GET", b'/p/"1"/'), (b"POST", b"/cart/"), (b"HEAD", "/käse".encode())):
        log.add(method, target, 200, label, 0.01, b"id", "", "")
    log.close()
    os.close(descriptor)
    recording = open_recording(path)
    assert recording.format is Format.ACCESS_LOG
    assert [(each.request.method, each.request.target) for each in recording] == [
        ("GET", '/p/"1"/'),
        ("HEAD", "/k%C3%A4se"),
    ]
    assert recording.skipped == {"method": 1}


def test_the_combined_format_is_read_with_its_moment_and_agent(tmp_path: Path) -> None:
    recording = read(tmp_path, COMBINED)
    assert recording.format is Format.ACCESS_LOG
    (each,) = recording
    assert (each.at, each.request.method, each.request.target) == (1795971600.0, "GET", "/p/1/?x=%C3%A4")
    assert (each.request.headers, each.old, each.client) == ((("User-Agent", "Mozilla/5.0"),), None, "")


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (COMBINED.removesuffix(' "-" "Mozilla/5.0"'), "/p/1/?x=%C3%A4"),
        (f"shop.example:443 {COMBINED}", "/p/1/?x=%C3%A4"),
        (COMBINED.replace("- -", "- Jane Doe"), "/p/1/?x=%C3%A4"),
        (COMBINED.replace("/p/1/?x=%C3%A4", r"/a\x22b\\c"), '/a"b\\c'),
        (COMBINED.replace("/p/1/?x=%C3%A4", r"/k\xc3\xa4se"), "/k%C3%A4se"),
        (COMBINED.replace("/p/1/?x=%C3%A4", "http://shop.example/a?b"), "/a?b"),
        (COMBINED.replace(" HTTP/1.1", ""), "/p/1/?x=%C3%A4"),
    ],
)
def test_servers_write_it_in_several_ways(tmp_path: Path, line: str, target: str) -> None:
    (each,) = read(tmp_path, line)
    assert each.request.target == target


def test_what_is_no_request_to_ask_again_is_counted(tmp_path: Path) -> None:
    recording = read(
        tmp_path,
        COMBINED.replace("GET /p/1/?x=%C3%A4 HTTP/1.1", "-"),
        COMBINED.replace("GET /p/1/?x=%C3%A4 HTTP/1.1", r"\x16\x03\x01\x02"),
        COMBINED.replace("GET /p/1/?x=%C3%A4", "CONNECT shop.example:443"),
        COMBINED.replace("GET", "POST"),
        COMBINED.replace("GET", "DELETE"),
        COMBINED.replace("GET", "HEAD"),
    )
    assert recording.count == 1
    assert recording.skipped == {"no-request": 3, "method": 2}


def test_a_line_that_is_none_is_named_and_a_last_one_that_is_cut_off_is_not(tmp_path: Path) -> None:
    with pytest.raises(RecordingError) as raised:
        read(tmp_path, COMBINED, "garbage", '{"time": "x"}', COMBINED.replace("Nov", "Nev"))
    assert [problem.line for problem in raised.value.problems] == [2, 3, 4]
    path = tmp_path / "access.log"
    path.write_text(f"{COMBINED}\n{COMBINED[:60]}")
    recording = open_recording(path)
    assert (recording.count, recording.skipped) == (1, {"torn": 1})


@given(
    st.lists(st.text(max_size=80) | st.text(max_size=20).map(lambda text: COMBINED.replace("/p/1/", text)), max_size=5)
)
def test_no_log_makes_the_reader_stumble(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("log") / "access.log"
    path.write_bytes("\n".join([COMBINED, *lines]).encode("utf-8", "replace"))
    with suppress(RecordingError):
        for each in open_recording(path):
            each.request.target.encode("ascii")


def lines_of(folder: Path, *lines: str) -> list[AccessLine]:
    path = folder / "access.log"
    path.write_text("".join(f"{line}\n" for line in lines))
    return list(read_access_lines(path, Problems(str(path)), Counter()))


def test_of_each_request_there_is_what_the_log_knows(tmp_path: Path) -> None:
    own = {"time": "2026-11-29T18:00:00.000Z", "method": "POST", "path": "/cart/", "status": 503, "ms": 20.5}
    (first, second, third) = lines_of(
        tmp_path, json.dumps({**own, "sampled": 0.25}), COMBINED, COMBINED.replace('1" 200 512', '1" - -')
    )
    assert (first.method, first.target, first.status, first.seconds, first.stands_for) == (
        "POST", "/cart/", 503, 0.0205, 4.0
    )  # fmt: skip
    assert (second.status, second.seconds, second.stands_for, second.agent) == (200, None, 1.0, "Mozilla/5.0")
    assert second.at == 1_795_971_600.0
    assert third.status == 0


@pytest.mark.parametrize(
    "odd", [{"ms": "x"}, {"ms": -1}, {"ms": True}, {"sampled": 0}, {"sampled": 7}, {"status": "x"}]
)
def test_a_number_that_is_none_is_not_known(tmp_path: Path, odd: dict[str, object]) -> None:
    own = {"time": "2026-11-29T18:00:00.000Z", "method": "GET", "path": "/", "status": 200, **odd}
    (line,) = lines_of(tmp_path, json.dumps(own))
    assert (line.seconds, line.stands_for) == (None, 1.0)
    assert line.status in (0, 200)
