"""A recording from its order to its end, as the control API tells it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.asked import BadInput
from strangler_proxy.control.recording_place import prepare

from strangler.recording import open_recording
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving
from tests.proxy.recording.exchanges import passed
from tests.proxy.recording.writing import Crew
from tests.waiting import until

URL = "/api/v1/recording"


@contextmanager
def api(folder: Path, *, workers: int = 2, control: ControlPlane | None = None) -> Iterator[tuple[httpx.Client, Crew]]:
    """The control API, with workers and somebody who writes."""
    with (
        serving(control or plane(folder, MemoryToggleStore(), workers=workers)) as client,
        Crew(folder, workers=workers) as crew,
    ):
        yield client, crew


def begin(client: httpx.Client, file: Path, **given: Any) -> dict[str, Any]:
    answered = client.post(URL, json={"file": str(file), **given}, headers={"X-Strangler-Who": "ada@desk"})
    assert answered.status_code == 200, answered.text
    recording: dict[str, Any] = answered.json()["recording"]
    return recording


def read(client: httpx.Client) -> dict[str, Any]:
    recording: dict[str, Any] = client.get(URL).json()["recording"]
    return recording


def ended(client: httpx.Client) -> dict[str, Any]:
    until(lambda: read(client)["state"] == "ended")
    return read(client)


def refused(client: httpx.Client, **given: Any) -> tuple[int, str, str]:
    answered = client.post(URL, json=given)
    error = answered.json()["error"]
    return answered.status_code, error["code"], error.get("where", "") + " " + error["message"]


def test_it_begins_when_all_have_taken_the_order_and_ends_when_it_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "visits.ndjson"
    with api(tmp_path) as (client, crew):
        assert read(client) is None
        began = begin(client, file, routes=["catalog.*"], sample="10%", seconds=60, why="before the move")
        assert (began["state"], began["acknowledged"], began["missing"]) == ("running", ["0", "1"], [])
        assert (began["who"], began["why"]) == ("ada@desk (control.token)", "before the move")
        order = crew.order
        assert (order.id, order.path, order.routes, order.sample) == (began["id"], file, ("catalog.*",), 0.1)
        assert 0 < order.seconds <= 60
        crew.put(passed(order=order.id))
        stopped = client.delete(URL).json()["recording"]
        assert (stopped["state"], stopped["end"], stopped["written"]) == ("ended", "stopped", 1)
        assert stopped["bytes"] == file.stat().st_size
        assert [taken[-1] for taken in crew.orders] == [None, None]
        assert read(client) == stopped
    assert open_recording(file).count == 1


def test_it_ends_when_its_time_is_over(tmp_path: Path) -> None:
    with api(tmp_path) as (client, crew):
        begin(client, tmp_path / "visits.ndjson", seconds=1)
        assert ended(client)["end"] == "time"
        assert crew.orders[0][-1] is None


def test_it_ends_when_there_are_enough_requests(tmp_path: Path) -> None:
    with api(tmp_path) as (client, crew):
        begin(client, tmp_path / "visits.ndjson", requests=2)
        for _ in range(3):
            crew.put(passed(order=crew.order.id))
        last = ended(client)
        assert (last["end"], last["written"], last["requests"]) == ("requests", 2, 2)


def test_what_workers_dropped_of_it_is_told_by_cause_and_nothing_of_before(tmp_path: Path) -> None:
    name = "strangler_recording_dropped_total"
    with api(tmp_path) as (client, crew):
        crew.counters[0] = [[name, ["bytes"], 7]]
        until(lambda: f'{name}{{cause="bytes"}} 7.0' in client.get("/metrics").text)
        begin(client, tmp_path / "visits.ndjson")
        crew.counters[0] = [[name, ["bytes"], 2], [name, ["sample"], 5]]
        crew.counters[1] = [[name, ["too-long"], 1]]
        last = client.delete(URL).json()["recording"]
        assert (last["dropped"], last["sampled_out"]) == ({"bytes": 2, "too-long": 1}, 5)


def test_there_is_one_at_a_time(tmp_path: Path) -> None:
    with api(tmp_path) as (client, _):
        first = begin(client, tmp_path / "one.ndjson")
        assert refused(client, file=str(tmp_path / "two.ndjson"))[:2] == (409, "recording_runs")
        assert read(client)["id"] == first["id"]
        client.delete(URL)
        assert begin(client, tmp_path / "two.ndjson")["id"] != first["id"]


def test_where_nothing_runs_there_is_nothing_to_end(tmp_path: Path) -> None:
    with api(tmp_path) as (client, _):
        answered = client.delete(URL)
        assert (answered.status_code, answered.json()["error"]["code"]) == (404, "no_recording")


def test_a_worker_that_comes_late_records_too_for_the_time_that_is_left(tmp_path: Path) -> None:
    with serving(plane(tmp_path, MemoryToggleStore(), workers=2)) as client:
        began = begin(client, tmp_path / "visits.ndjson", wait_seconds=0.1)
        assert began["missing"] == ["0", "1"]
        assert "comparer 0" in began["problem"]
        with Crew(tmp_path) as crew:
            assert crew.order.id == began["id"]
            assert crew.order.seconds < 600
            until(lambda: read(client)["problem"] is None)
            crew.put(passed(order=began["id"]))
            assert client.delete(URL).json()["recording"]["written"] == 1


def test_one_who_writes_and_dies_is_followed_by_the_next_and_both_count(tmp_path: Path) -> None:
    file = tmp_path / "visits.ndjson"
    with serving(plane(tmp_path, MemoryToggleStore(), workers=0)) as client:
        began = begin(client, file, wait_seconds=0)
        for number in (1, 2):
            with Crew(tmp_path, workers=0) as crew:
                until(lambda: read(client)["problem"] is None)
                crew.put(passed(order=began["id"]))
                until(lambda number=number: read(client)["written"] == number)  # type: ignore[misc]
        last = client.delete(URL).json()["recording"]
        assert last["written"] == 2
    files = list(tmp_path.glob("visits*.ndjson"))
    assert len(files) == 2
    assert sum(open_recording(each).count for each in files) == 2


def test_a_control_plane_that_ends_ends_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with outliving(tmp_path) as crew:
        until(lambda: crew.orders[0][-1] is None)
    assert "the control plane ends" in caplog.text


@contextmanager
def outliving(folder: Path) -> Iterator[Crew]:
    crew = Crew(folder)
    with serving(plane(folder, MemoryToggleStore())) as client:
        crew.__enter__()
        begin(client, folder / "visits.ndjson")
        assert crew.order.id
    try:
        yield crew
    finally:
        crew.__exit__(None, None, None)


def test_the_status_tells_of_it_while_it_runs(tmp_path: Path) -> None:
    with api(tmp_path) as (client, _):
        assert client.get("/api/v1/status").json()["recording"] is None
        began = begin(client, tmp_path / "visits.ndjson")
        told = client.get("/api/v1/status").json()["recording"]
        assert {key: told[key] for key in ("id", "who", "since", "until")} == {
            key: began[key] for key in ("id", "who", "since", "until")
        }
        client.delete(URL)
        assert client.get("/api/v1/status").json()["recording"] is None


def test_the_log_says_who_began_it_why_and_how_it_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with api(tmp_path) as (client, _):
        begin(client, tmp_path / "visits.ndjson", why="before the move")
        client.delete(URL, headers={"X-Strangler-Who": "bob@desk"})
    assert "visits.ndjson begun by ada@desk (control.token): before the move" in caplog.text
    assert "stopped by bob@desk (control.token)" in caplog.text
    assert "ended (stopped): 0 requests written" in caplog.text


def test_a_route_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with api(tmp_path, workers=0) as (client, _):
        status, code, message = refused(client, file=str(tmp_path / "v.ndjson"), routes=["catalog.list", "nobody.*"])
        assert (status, code) == (404, "unknown_toggle")
        assert "nobody.*" in message


@pytest.mark.parametrize(
    "wrong",
    [
        {"file": "visits.ndjson"},
        {"file": "/var/tmp/a\nb"},
        {"seconds": 86401},
        {"seconds": 0},
        {"sample": "0%"},
        {"sample": "lots"},
        {"requests": 0},
        {"rotate_bytes": 1},
        {"why": " "},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with api(tmp_path, workers=0) as (client, _):
        status, code, message = refused(client, **{"file": str(tmp_path / "v.ndjson"), **wrong})
        assert (status, code) == (422, "bad_input")
        assert next(iter(wrong)) in message
        assert read(client) is None


def test_a_file_that_is_there_is_replaced_by_force_alone(tmp_path: Path) -> None:
    file = tmp_path / "visits.ndjson"
    file.write_text('{"strangler": "recording", "version": 1}\n')
    with api(tmp_path, workers=0) as (client, crew):
        status, code, message = refused(client, file=str(file))
        assert (status, code) == (422, "bad_input")
        assert "is there already" in message
        began = begin(client, file, force=True)
        crew.put(passed(order=began["id"]))
        client.delete(URL)
    assert open_recording(file).count == 1
    assert not list(tmp_path.glob("visits-*"))


@pytest.mark.parametrize("what", ["another file", "a folder", "a link"])
def test_nothing_but_a_recording_is_ever_replaced(tmp_path: Path, what: str) -> None:
    place, other = tmp_path / "place", tmp_path / "strangler.toml"
    other.write_text("[proxy]\n")
    if what == "a folder":
        place.mkdir()
    elif what == "a link":
        place.symlink_to(other)
    else:
        place = other
    with api(tmp_path, workers=0) as (client, _):
        assert refused(client, file=str(place), force=True)[:2] == (422, "bad_input")
    assert other.read_text() == "[proxy]\n"


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with api(tmp_path, workers=0) as (client, _):
        assert "there is no folder" in refused(client, file=str(tmp_path / "none" / "v.ndjson"))[2]


def test_a_folder_that_the_proxy_may_not_write_in_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The system's answer to whoever is not root, whom everything is allowed.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(BadInput, match="may not write"):
        prepare(tmp_path / "visits.ndjson", force=False)
