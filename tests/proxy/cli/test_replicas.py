from __future__ import annotations

from typing import Any

import pytest
from strangler_proxy.cli.history import told_entry
from strangler_proxy.cli.status import is_well, print_tables, told_state
from strangler_proxy.cli.told import told_outcome


def worker(slot: int, revision: int | None, *, live: bool = True) -> dict[str, Any]:
    return {"slot": slot, "pid": revision and 7, "revision": revision, "live": live and revision is not None}


def replica(name: str, state: str = "live", *workers: dict[str, Any], this: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "this": this,
        "state": state,
        "revision": 3 if state == "live" else 2,
        "live": "1/1",
        "heard_seconds": None if this else 12.3,
        "started_at": "2026-03-01T12:30:00+00:00",
        "version": "0.1.0",
        "config": "b6a81e554499",
        "workers": list(workers) or [worker(0, 3)],
    }


def state(*replicas: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "revision": 3,
        "age_seconds": 1,
        "live": "1/1",
        "store": {"ok": True, "error": None},
        "disk": {"ok": True, "error": None},
        "workers": [{**worker(0, 3), "since": "2026-03-01T12:30:00+00:00", "requests": 7}],
        "notes": [],
        "replicas": [replica("here", this=True), *replicas],
        "toggles": [],
        "traffic": [],
        **more,
    }


def test_all_is_well_only_if_every_replica_is_live() -> None:
    assert is_well(state())
    assert is_well(state(replica("eu-2")))
    assert not is_well(state(replica("eu-2", "stale")))
    assert not is_well(state(replica("eu-2", "lost")))


def test_a_replica_that_is_lost_or_stale_is_told_with_who_is_late() -> None:
    late = worker(0, 2), worker(1, None), worker(2, 2, live=False), worker(3, 3)
    _, lost, stale = told_state(state(replica("eu-1"), replica("eu-2", "lost"), replica("eu-3", "stale", *late)))
    assert lost == (
        "replica eu-2: LOST, not heard of for 12 s; if it serves, then by revision 2 or whatever it had last, and moves"
        " do not wait for it"
    )
    assert stale == (
        "replica eu-3: STALE, at revision 2 of 3: worker 0 decides by revision 2, worker 1 is not there, worker 2"
        " decides by revision 2 and hangs"
    )


def test_one_replica_has_no_table_and_several_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_tables(state())
    assert "replica" not in capsys.readouterr().out
    print_tables(state(replica("eu-2", "lost"), replica("eu-\x1b3")))
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "here (this one) 3 1/1 live - 0.1.0 b6a81e554499" in rows
    assert "eu-2 2 1/1 LOST 12 s ago 0.1.0 b6a81e554499" in rows
    assert "eu-\\x1b3 3 1/1 live 12 s ago 0.1.0 b6a81e554499" in rows


def test_a_worker_is_told_with_its_revision_and_since_when_it_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    gone = {**worker(1, None, live=False), "pid": None, "since": None, "requests": 0}
    print_tables(state(workers=[*state()["workers"], gone]))
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["worker", "pid", "revision", "state", "since", "requests"] in rows
    told = next(row for row in rows if row[:1] == ["0"])
    assert (told[2:4], told[-1], told[4][:8]) == (["3", "live"], "7", "2026-03-")
    assert rows[-1] == ["1", "-", "-", "NOT", "LIVE", "-", "0"]


def test_a_toggle_without_its_route_is_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    toggle = {"kind": "route", "stage": "canary", "share": 5000, "overrides": {}, "revision": 2}
    known = {"name": "catalog.list", "configured": True, **toggle}
    gone = {"name": "catalog.old", "configured": False, **toggle}
    print_tables(state(toggles=[known, gone]))
    out = capsys.readouterr().out
    assert "catalog.old (not in strangler.toml)" in out
    assert "catalog.list (not" not in out


def test_who_has_not_acknowledged_is_told_by_replica_and_who_is_lost_too() -> None:
    outcome = {
        "revision": 14,
        "moved": [],
        "acknowledged": ["0", "eu-2/0"],
        "missing": ["eu-2/1"],
        "lost": ["eu-3"],
        "seconds": 2.0,
    }
    first, missing, lost = told_outcome(outcome).splitlines()
    assert "live on 2/3 workers" in first
    assert missing.startswith("Not acknowledged in time by worker eu-2/1")
    assert lost.startswith("Not waited for: replica eu-3, which is not heard of.")


def test_the_audit_shows_what_was_known_at_a_move() -> None:
    toggle = {"stage": "canary", "share": 5000, "overrides": {}}
    entry = {
        "revision": 9,
        "at": "2026-03-01T12:30:00+00:00",
        "who": "rollout",
        "why": "the next station",
        "name": "catalog.list",
        "from": toggle,
        "to": {**toggle, "share": 25000},
        "forced": False,
        "evidence": {"agreement": "0.9995 of 20,000 pairs", "gates": [{"é": 1}, "x" * 300], "requests": 512},
    }
    told = told_entry(entry).splitlines()[2:]
    assert told[0] == "       agreement: 0.9995 of 20,000 pairs"
    assert told[1].startswith('       gates: [{"é": 1}, "xxx')
    assert told[1].endswith("x…")
    assert told[2:] == ["       requests: 512"]
    assert len(told_entry({**entry, "evidence": None}).splitlines()) == 2
