from __future__ import annotations

import base64
import gzip
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Answer, Request
from strangler.errors import RecordingError
from strangler.recording import Format, Recorded, Recording, open_recording, write_har
from tests.strangler.recording.things import RECORDED, recorded

# As Chromium's developer tools write it, in short.
PAGE: dict[str, Any] = {
    "_resourceType": "document",
    "startedDateTime": "2026-11-29T17:00:00.250Z",
    "time": 12.5,
    "request": {
        "method": "GET",
        "url": "https://shop.example/search/?q=fig#top",
        "httpVersion": "http/2.0",
        "headers": [
            {"name": ":authority", "value": "shop.example"},
            {"name": ":method", "value": "GET"},
            {"name": ":path", "value": "/search/?q=fig"},
            {"name": "accept-encoding", "value": "gzip, br"},
        ],
    },
    "response": {
        "status": 200,
        "headers": [
            {"name": "content-type", "value": "text/html; charset=utf-8"},
            {"name": "content-encoding", "value": "br"},
            {"name": "set-cookie", "value": "a=1; Path=/\nb=2; Path=/"},
        ],
        "content": {"size": 4, "mimeType": "text/html", "text": "Käse"},
    },
}


def entry(url: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"request": {"method": method, "url": url}, "response": {"status": 200}}
    for name, value in more.items():
        document[name] = {**document.get(name, {}), **value} if isinstance(value, dict) else value
    return document


def read(folder: Path, *entries: Any) -> Recording:
    path = folder / "export.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}, indent=1))
    return open_recording(path)


def test_a_page_is_read_as_it_was_on_the_wire_but_for_how_it_was_packed(tmp_path: Path) -> None:
    recording = read(tmp_path, PAGE)
    assert recording.format is Format.HAR
    (each,) = recording
    assert each.request == Request(
        "GET", "/search/?q=fig", "", (("Host", "shop.example"), ("accept-encoding", "gzip, br"))
    )
    assert each.old == Answer(
        200,
        (("content-type", "text/html; charset=utf-8"), ("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2; Path=/")),
        "Käse".encode(),
    )
    assert (each.at, each.old_seconds, each.client) == (1795971600.25, 0.0125, "browser")


def test_bodies_come_in_base64_or_in_their_charset(tmp_path: Path) -> None:
    png = {"content": {"text": base64.b64encode(b"\x89PNG\xff").decode(), "encoding": "base64"}}
    old = {"headers": [{"name": "Content-Type", "value": "text/plain; charset=iso-8859-1"}], "content": {"text": "ä"}}
    odd = {"headers": [{"name": "Content-Type", "value": "text/plain; charset=klingon"}], "content": {"text": "ä"}}
    url = "http://shop.example/"
    bodies = [each.old.body for each in read(tmp_path, *(entry(url, response=r) for r in (png, old, odd))) if each.old]
    assert bodies == [b"\x89PNG\xff", b"\xe4", "ä".encode()]


def test_what_is_no_exchange_of_this_site_is_passed_over_and_counted(tmp_path: Path) -> None:
    files = {"method": "POST", "postData": {"mimeType": "multipart/form-data", "params": [{"name": "picture"}]}}
    recording = read(
        tmp_path,
        entry("http://shop.example/"),
        entry("http://cdn.example/x.js"),
        entry("ws://shop.example/live"),
        entry("http://shop.example/socket", response={"status": 101}),
        entry("http://shop.example/socket2", _webSocketMessages=[]),
        entry("data:image/png;base64,xx"),
        entry("chrome-extension://abc/x.js"),
        entry("http://shop.example/upload", request=files),
    )
    assert [each.request.target for each in recording] == ["/"]
    assert recording.skipped == {"other-host": 1, "websocket": 3, "not-http": 2, "body-lost": 1}


def test_forms_are_read_from_their_text_or_their_fields(tmp_path: Path) -> None:
    url = "http://shop.example/"
    kind = "application/x-www-form-urlencoded"
    text = {"postData": {"mimeType": kind, "text": "a=1&b=%C3%A4"}}
    fields = {"postData": {"mimeType": kind, "params": [{"name": "a", "value": "1"}, {"name": "b", "value": "ä"}]}}
    bodies = [each.request.body for each in read(tmp_path, entry(url, request=text), entry(url, request=fields))]
    assert bodies == [b"a=1&b=%C3%A4", b"a=1&b=%C3%A4"]


def test_what_exports_leave_out_is_absent_and_a_blocked_request_has_no_answer(tmp_path: Path) -> None:
    bare = {"request": {"method": "get", "url": "http://shop.example"}}
    (first, second) = read(tmp_path, bare, entry("http://shop.example/b", response={"status": 0}, time=-1))
    assert (first.request.method, first.request.target, first.old, first.at) == ("GET", "/", None, 0.0)
    assert (second.old, second.old_seconds) == (None, None)


@pytest.mark.parametrize("time", [-1, True, "12", 10**400, float("inf")])
def test_a_time_that_is_none_is_not_known(tmp_path: Path, time: object) -> None:
    (each,) = read(tmp_path, {**PAGE, "time": time})
    assert each.old_seconds is None


def test_requests_come_in_the_order_in_which_they_were_asked(tmp_path: Path) -> None:
    late = entry("http://shop.example/late", startedDateTime="2026-11-29T17:00:02Z")
    early = entry("http://shop.example/early", startedDateTime="2026-11-29T18:00:01+01:00")
    assert [each.request.target for each in read(tmp_path, late, early)] == ["/early", "/late"]


def test_an_address_as_people_read_it_is_sent_as_machines_do(tmp_path: Path) -> None:
    (each,) = read(tmp_path, entry("http://shop.example/käse?q=%C3%A4 b"))
    assert each.request.target == "/k%C3%A4se?q=%C3%A4%20b"


@pytest.mark.parametrize(
    ("entries", "key", "wrong"),
    [
        ([7], "log.entries[0]", "is not an object"),
        ([{}], "log.entries[0].request", "is not an object"),
        ([{"request": {"method": "GET"}}], "log.entries[0].request.url", "is missing"),
        ([{"request": {"url": "http://a/"}}], "log.entries[0].request.method", "is missing"),
        ([{"request": {"method": "GET", "url": "http://[::1"}}], "log.entries[0].request.url", "is no address"),
        ([{**PAGE, "startedDateTime": "yesterday"}], "log.entries[0].startedDateTime", "is no moment"),
        ([{**PAGE, "request": {**PAGE["request"], "headers": [1]}}], "log.entries[0].request.headers", "has one that"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entries: list[Any], key: str, wrong: str) -> None:
    with pytest.raises(RecordingError) as raised:
        read(tmp_path, *entries)
    (problem,) = raised.value.problems
    assert problem.key == key
    assert wrong in problem.wrong


def test_a_har_that_is_cut_off_or_has_no_entries_is_one_problem(tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_text('{"log": {\n"entries": [\n{"request"')
    with pytest.raises(RecordingError, match=r"x\.har:3: is not JSON"):
        open_recording(path)
    path.write_text(f'{{"log": {{"entries": [], "size": {"9" * 5000}}}}}')
    with pytest.raises(RecordingError, match="is not JSON: Exceeds the limit"):
        open_recording(path)
    path.write_text('{"log": {}}')
    with pytest.raises(RecordingError, match=r"has no list log\.entries"):
        open_recording(path)


@given(st.lists(RECORDED, max_size=3))
def test_whatever_was_recorded_can_be_written_as_a_har(several: list[Recorded]) -> None:
    file = io.StringIO()
    assert write_har(file, several) == len(several)
    entries = json.loads(file.getvalue())["log"]["entries"]
    assert [each["request"]["method"] for each in entries] == [each.request.method for each in several]


def test_a_har_of_ours_is_read_as_what_it_was_written_from(tmp_path: Path) -> None:
    several = [
        recorded("/a?x=1", at=2.0, client="browser"),
        recorded("/b", "POST", at=3.0, client="browser", body=b"x"),
    ]
    path = tmp_path / "x.har"
    with path.open("w") as file:
        write_har(file, several)
    assert list(open_recording(path)) == several


def test_a_packed_body_is_written_as_a_browser_shows_it() -> None:
    file = io.StringIO()
    answer = Answer(200, (("Content-Encoding", "gzip"), ("Content-Type", "text/plain")), gzip.compress(b"fig"))
    write_har(file, [Recorded(1.0, Request("GET", "/"), answer)])
    (only,) = json.loads(file.getvalue())["log"]["entries"]
    assert (only["response"]["content"]["text"], only["response"]["content"]["size"]) == ("fig", 3)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
       | st.dictionaries(st.sampled_from(["request", "url", "method", "headers", "response", "status", "content"]),
                         inner, max_size=4), max_leaves=10))  # fmt: skip
def test_no_export_makes_the_reader_stumble(tmp_path_factory: pytest.TempPathFactory, anything: Any) -> None:
    with suppress(RecordingError):
        list(read(tmp_path_factory.mktemp("har"), PAGE, anything))
