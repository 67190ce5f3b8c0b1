"""What is not well by a status, in sentences."""

from __future__ import annotations

from typing import Any

from strangler_proxy.trouble import Trouble, TroubleKind, troubles_of

LOST = (
    "LOST, not heard of for 12 s; if it serves, then by revision 2 or whatever it had last, and moves do not wait for"
    " it"
)
WELL: dict[str, Any] = {
    "revision": 3,
    "store": {"ok": True, "error": None},
    "disk": {"ok": True, "error": None},
    "evidence": {"ok": True, "error": None},
    "workers": [{"slot": 0, "pid": 7, "revision": 3, "live": True}],
    "comparers": [],
    "replicas": [{"name": "a", "this": True, "state": "live"}],
    "upstreams": [{"name": "catalog", "troubles": []}],
    "reload": None,
    "notes": [],
}


def told(**changes: Any) -> list[tuple[str, str, str]]:
    return [(each.kind.value, each.name, each.text) for each in troubles_of({**WELL, **changes})]


def test_of_what_is_well_nothing_is_told() -> None:
    assert told() == []


def test_every_kind_of_trouble_says_which_thing_it_is_about() -> None:
    lost = {"name": "b", "this": False, "state": "lost", "heard_seconds": 12.4, "revision": 2, "workers": []}
    assert told(
        store={"ok": False, "error": "It is gone."},
        workers=[{"slot": 1, "pid": None, "revision": None, "live": False}],
        replicas=[lost],
        comparers=[{"number": 0, "live": False}],
        upstreams=[{"name": "catalog", "troubles": ["the breaker is open"]}],
        notes=["Another replica calls itself a, too."],
    ) == [
        ("store", "", "It is gone."),
        ("worker", "1", "is not linked to the control plane; if it serves, then by the last revision it had"),
        (
            "replica",
            "b",
            LOST,
        ),
        ("comparer", "0", "is not there, or hangs; unequal pairs are dropped"),
        ("upstream", "catalog", "the breaker is open"),
        ("note", "", "Another replica calls itself a, too."),
    ]


def test_a_replica_that_is_behind_says_by_which_worker() -> None:
    late = {
        "name": "b", "this": False, "state": "stale", "heard_seconds": 1.0, "revision": 2,
        "workers": [{"slot": 0, "pid": 5, "revision": 1, "live": False}, {"slot": 1, "pid": None, "live": False,
                    "revision": None}],
    }  # fmt: skip
    text = "STALE, at revision 2 of 3: worker 0 decides by revision 1, worker 1 is not there"
    assert told(replicas=[late]) == [("replica", "b", text)]


def test_a_trouble_reads_as_a_line() -> None:
    assert str(Trouble(TroubleKind.WORKER, "1", "hangs")) == "worker 1: hangs"
    assert str(Trouble(TroubleKind.STORE, "", "It is gone.")) == "store: It is gone."
    assert str(Trouble(TroubleKind.RELOAD, "", "refused at noon")) == "reload refused at noon"
