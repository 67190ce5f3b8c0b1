"""How moves, toggles, workers and the start of the proxy are told."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.cli.history import told_entry
from strangler_proxy.cli.serve import is_compiled, start_block, start_document
from strangler_proxy.cli.status import is_well, print_tables, told_age, told_state
from strangler_proxy.cli.told import told_outcome
from strangler_proxy.config import Address
from strangler_proxy.state import StateDir
from strangler_proxy.supervisor import Started
from strangler_proxy.words import stage_of

from strangler import __version__
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Change, Toggle
from tests.proxy.cli.operated import flip, folder, store

__all__ = ["folder", "store"]


def toggle(stage: str, share: int = 0, **overrides: str) -> dict[str, Any]:
    return {"stage": stage, "share": share, "overrides": overrides}


def test_a_stage_is_told_with_its_share_and_its_overrides() -> None:
    assert stage_of(toggle("extracted")) == "extracted"
    assert stage_of(toggle("canary", 12_500)) == "canary 12.5%"
    assert stage_of(toggle("canary", 0, ana="candidate")) == "canary 0% + 1 by hand"


def test_a_single_move_is_told_in_one_line() -> None:
    outcome = {
        "revision": 14,
        "moved": [{"name": "catalog.product-list", "from": toggle("canary", 10_000), "to": toggle("extracted")}],
        "acknowledged": ["0", "1"],
        "missing": [],
        "seconds": 0.0081,
    }
    assert told_outcome(outcome) == (
        "catalog.product-list: canary 10% -> extracted, live on 2/2 workers in 8 ms, revision 14"
    )


def test_a_toggle_without_a_route_is_said_to_move_nobody(folder: Path, store: MemoryToggleStore) -> None:
    snapshot = store.load()
    store.commit(Change([Toggle("catalog.gone")], "ada", "x", snapshot.at), expected_revision=snapshot.revision)
    while (moved := flip("catalog.gone", "canary", "--share", "1%", "--force")).exit_code == 2:
        time.sleep(0.05)  # until the control plane has looked into its store again
    assert "No route or seam of the running proxy is named catalog.gone: that moves nobody." in moved.stdout
    assert "moves nobody" not in flip("catalog.list", "canary", "--share", "1%", "--force").stdout


def test_a_seam_that_moved_is_not_said_to_be_live_in_the_monolith() -> None:
    outcome = {
        "revision": 2,
        "moved": [{"name": "billing.rates", "from": toggle("monolith"), "to": {**toggle("shadow"), "kind": "seam"}}],
        "acknowledged": ["0"],
        "missing": [],
        "seconds": 0.001,
    }
    assert told_outcome(outcome).splitlines()[1].startswith("A seam lives in the monolith's processes")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "never moved"), (0.2, "0 s ago"), (61, "1 min ago"), (7300, "2 h ago"), (10**6, "11 d ago")],
)
def test_an_age_is_told_in_one_unit(seconds: float | None, told: str) -> None:
    assert told_age(seconds) == told


def test_all_is_well_only_if_store_disk_and_every_worker_are() -> None:
    well = {"store": {"ok": True}, "disk": {"ok": True}, "workers": [{"live": True}]}
    assert is_well(well)
    for key, bad in (("store", {"ok": False}), ("disk", {"ok": False}), ("workers", [{"live": False}])):
        assert not is_well({**well, key: bad})


def test_a_worker_ahead_of_the_store_is_told() -> None:
    state = {
        "revision": 3,
        "age_seconds": 1,
        "live": "0/1",
        "store": {"ok": True, "error": None},
        "disk": {"ok": True, "error": None},
        "workers": [{"slot": 0, "pid": 7, "revision": 9, "live": False}],
        "notes": ["catalog.list keeps its salt"],
    }
    lines = list(told_state(state))
    assert "decides by revision 9, newer than the one in force" in lines[1]
    assert lines[2] == "note: catalog.list keeps its salt"


def test_upstreams_in_trouble_and_a_refused_reload_are_told_and_all_is_well_none_the_less() -> None:
    state = {
        "revision": 3,
        "age_seconds": 1,
        "live": "0/0",
        "store": {"ok": True, "error": None},
        "disk": {"ok": True, "error": None},
        "workers": [],
        "upstreams": [{"name": "catalog", "troubles": ["127.0.0.1:2 gets no requests", "the breaker is open"]}],
        "reload": {"ok": False, "at": datetime(2026, 11, 20, 17, 5, 9).astimezone().isoformat(), "message": "why"},
        "notes": [],
    }
    assert list(told_state(state))[1:] == [
        "upstream catalog: 127.0.0.1:2 gets no requests",
        "upstream catalog: the breaker is open",
        "reload refused at 2026-11-20 17:05:09, what was in force still is:",
        "why",
    ]
    assert is_well(state)


def test_a_comparer_that_hangs_and_a_lost_store_of_evidence_are_told_and_all_is_well_none_the_less(
    capsys: pytest.CaptureFixture[str],
) -> None:
    comparer = {"number": 0, "pid": 12, "live": True, "backlog": 3, "links": 2}
    state = {
        "revision": 3,
        "age_seconds": 1,
        "live": "0/0",
        "store": {"ok": True, "error": None},
        "disk": {"ok": True, "error": None},
        "evidence": {"ok": False, "error": "The disk is full."},
        "workers": [],
        "comparers": [comparer, {**comparer, "number": 1, "pid": None, "live": False}],
        "notes": [],
        "toggles": [],
        "traffic": [],
    }
    assert list(told_state(state))[1:] == [
        "evidence: The disk is full. It waits in memory; toggles go on.",
        "comparer 1: is not there, or hangs; unequal pairs are dropped",
    ]
    assert is_well(state)
    print_tables(state)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[-2:] == [["0", "12", "live", "3", "2"], ["1", "-", "NOT", "LIVE", "3", "2"]]


def test_status_has_a_table_of_upstreams(capsys: pytest.CaptureFixture[str]) -> None:
    place = {"address": "127.0.0.1:2", "well": 1}
    told = {"name": "catalog", "addresses": [place, {**place, "well": 2}], "breaker": {"open": 1, "closed": 1}}
    silent = {"name": "quiet", "addresses": [], "breaker": {}, "workers": 0, "failures": {}}
    upstreams = [{**told, "workers": 2, "failures": {"refused": 5, "reset": 1}}, silent]
    print_tables({"toggles": [], "workers": [], "upstreams": upstreams, "traffic": []})
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows[-2:]] == [
        ["catalog", "1/2 well", "closed 1/2, open 1/2", "refused 5, reset 1"],
        ["quiet", "-", "-", "-"],
    ]


def test_an_entry_of_the_audit_tells_what_was_new() -> None:
    entry = {
        "revision": 1,
        "at": "2026-03-01T12:00:00+00:00",
        "who": "strangler",
        "why": "declared",
        "name": "catalog.list",
        "from": None,
        "to": toggle("monolith"),
        "forced": False,
    }
    first, second = told_entry(entry).splitlines()
    assert first.endswith("catalog.list: new -> monolith")
    assert second.strip() == "strangler: declared"


def test_a_module_that_is_compiled_is_told_from_one_that_is_not() -> None:
    assert is_compiled("uvloop.loop")
    assert not is_compiled("socket")
    assert not is_compiled("strangler_proxy.not_there")


def test_the_start_block_names_the_tokens_file(tmp_path: Path) -> None:
    started = Started(
        Address("127.0.0.1", 8080), Address("127.0.0.1", 8081), StateDir(tmp_path), 1, None, tmp_path / "control.token"
    )
    block = start_block(started, Path("strangler.toml"), "http://127.0.0.1:8000")
    assert "http://127.0.0.1:8080  (1 worker)" in block
    assert os.fspath(tmp_path / "control.token") in block
    assert "everything is answered by the monolith" in block
    assert "room       http://127.0.0.1:8081/room/" in block
    assert f"program    {__version__}, plain Python" in block
    assert start_document(started, Path("strangler.toml"), "http://127.0.0.1:8000") == {
        "listen": "http://127.0.0.1:8080",
        "workers": 1,
        "monolith": "http://127.0.0.1:8000",
        "control": "http://127.0.0.1:8081",
        "room": "http://127.0.0.1:8081/room/",
        "config": "strangler.toml",
        "state": os.fspath(tmp_path),
        "token_file": os.fspath(tmp_path / "control.token"),
        "revision": None,
        "version": __version__,
        "compiled": False,
    }
