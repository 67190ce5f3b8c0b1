"""`strangler overview` and `strangler upstreams`, against a control plane in a thread."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main
from strangler_proxy.cli.overview import told_needs, told_parts

from strangler.evidence import Traffic, TrafficKey
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.cli.operated import CONFIG
from tests.proxy.control.fakes import observe, plane
from tests.proxy.control.server import TOKEN, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("overview")
    control = plane(folder, MemoryToggleStore(), workers=0)
    observe(control, agreeing=400)
    control.evidence.store.add_traffic(
        {TrafficKey("catalog.list", "candidate", "extracted", "v1"): Traffic(30)}, at=time.time() - 5
    )
    with serving(control) as client:
        (folder / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        yield folder


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.chdir(folder)


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_the_overview_has_what_has_moved_and_a_table_for_each_context() -> None:
    ended = run("overview")
    lines = ended.stdout.splitlines()
    assert lines[0] == "requests: 100 % moved (30 of 30)"
    assert lines[1] == "routes and seams: 0 % moved (0 of 3)"
    assert lines[2].startswith("code: No inventory is named")
    rows = {line.split()[0]: line for line in lines if line.strip()}
    assert rows["catalog"].split()[1:5] == ["stage", "for", "requests/s", "errors"]
    assert "- | 0.4" in rows["catalog.list"]
    assert "of 400" in rows["catalog.list"]
    assert "no twin" in next(line for line in lines if line.startswith("wishlist") and "twin" in line)


def test_the_overview_ends_with_1_where_something_needs_a_person_and_with_json_tells_all() -> None:
    ended = run("overview", "--json")
    document = json.loads(ended.stdout)
    assert ended.exit_code == (1 if document["needs"] else 0)
    assert {each["name"] for each in document["routes"]} >= {"catalog.list", "wishlist"}


def test_over_time_the_shares_are_told_by_step() -> None:
    lines = run("overview", "--progress", "1h").stdout.splitlines()
    assert lines[0].split() == ["from", "requests", "routes", "and", "seams", "code"]
    assert lines[-1].split()[2:] in (["100", "%", "0", "%", "-"], ["-", "0", "%", "-"])
    assert 30 <= len(lines) <= 33
    document = json.loads(run("overview", "--progress", "1h", "--json").stdout)
    assert document["step"] == 120


@pytest.mark.parametrize("time", ["1s", "500d", "soon"])
def test_a_time_over_which_nothing_can_be_told_is_bad_input(time: str) -> None:
    assert run("overview", "--progress", time).exit_code == 2


def test_needs_stalls_and_what_is_missing_are_lines_and_nothing_is_more_than_a_line() -> None:
    document = {
        "at": 50 * 86_400.0,
        "needs": [
            {"kind": "reload", "name": "", "text": "refused\nline 3"},
            {"kind": "rollout", "name": "a", "text": "x"},
        ],
        "stalling": [{"name": "a.list", "left": 0.0}],
        "lacks": ["The evidence is away."],
    }
    assert list(told_needs(document)) == [
        "NEEDS YOU: reload: refused line 3",
        "NEEDS YOU: rollout a: x",
        "STALLING: a.list runs on two sides for 50 d",
        "MISSING: The evidence is away.",
    ]


def test_a_part_of_nothing_is_told_as_that() -> None:
    part = {"name": "requests", "moved": 0, "whole": 0, "share": None, "unit": "requests"}
    assert list(told_parts({"parts": [part], "code_lacks": None})) == ["requests: nothing was counted yet"]


def test_upstreams_are_told_in_a_table_with_the_copies_below() -> None:
    ended = run("upstreams")
    assert ended.exit_code == 0
    lines = ended.stdout.splitlines()
    assert lines[0].split()[0] == "upstream"
    assert {line.split()[0] for line in lines[1:3]} == {"monolith", "catalog"}
    assert any(line.startswith("copies") and "100 % of requests" in line for line in lines)
    assert json.loads(run("upstreams", "--json").stdout)["workers"] == 0


def test_traffic_is_told_of_each_side_over_time() -> None:
    lines = run("traffic", "catalog.*").stdout.splitlines()
    assert lines[0].split() == ["from", "route", "side", "requests/s", "errors", "fallbacks", "p50", "p99"]
    (row,) = lines[1:]
    assert "catalog.list" in row
    assert "candidate" in row
    assert sum(each["requests"] for each in json.loads(run("traffic", "--json").stdout)["windows"]) == 30
    assert "Nobody has asked for anything" in run("traffic", "catalog.detail").stdout


def test_a_row_of_traffic_is_of_whole_windows() -> None:
    ended = run("traffic", "--step", "7s")
    assert ended.exit_code == 2
    assert "a multiple of 5 seconds" in ended.stderr
