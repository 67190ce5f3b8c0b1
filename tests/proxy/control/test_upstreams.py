"""How the upstreams are, by what the workers tell: in the status, and in the log when it changes."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest
from strangler_proxy.config.values import EvidenceSettings
from strangler_proxy.control.evidence import EvidenceIntake
from strangler_proxy.control.upstreams import Troubles, upstream_rows
from strangler_proxy.control.workers import Traffic, Worker, Workers

from strangler.testing.memory_evidence import MemoryEvidenceStore


def worker(slot: int, *addresses: tuple[str, bool, bool], breaker: str = "closed") -> Worker:
    """A worker that tells of one upstream: its addresses, whether each is healthy and ejected, and its breaker."""
    found = Worker(slot=slot, pid=slot + 1, revision=1, config="", writer=cast("Any", None))
    for state in ("closed", "open", "half-open", "off"):
        found.gauges.append(["strangler_breaker_state", ["catalog", state], int(state == breaker)])
    for address, healthy, ejected in addresses:
        found.gauges.append(["strangler_endpoint_healthy", ["catalog", address], int(healthy)])
        found.gauges.append(["strangler_endpoint_ejected", ["catalog", address], int(ejected)])
    found.gauges.append(["strangler_pool_in_flight", ["catalog"], 3])
    return found


def linked(*workers: Worker) -> Workers:
    found = Workers(len(workers), Traffic(), EvidenceIntake(MemoryEvidenceStore(), EvidenceSettings()))
    found._links.extend(workers)
    return found


def row(*workers: Worker) -> dict[str, Any]:
    [found] = upstream_rows(["catalog"], linked(*workers))
    return found


WELL, SICK, EJECTED = ("10.0.0.1:80", True, False), ("10.0.0.1:80", False, False), ("10.0.0.1:80", True, True)
OTHER = ("10.0.0.2:80", True, False)


def test_an_upstream_whose_addresses_get_requests_and_whose_breaker_is_closed_is_well() -> None:
    assert row(worker(0, WELL, OTHER), worker(1, WELL, OTHER)) == {
        "name": "catalog",
        "ok": True,
        "troubles": [],
        "addresses": [{"address": "10.0.0.1:80", "well": 2}, {"address": "10.0.0.2:80", "well": 2}],
        "breaker": {"closed": 2},
        "workers": 2,
        "failures": {},
    }


@pytest.mark.parametrize("left_out", [SICK, EJECTED])
def test_an_address_that_is_sick_or_ejected_is_told(left_out: tuple[str, bool, bool]) -> None:
    found = row(worker(0, left_out, OTHER), worker(1, left_out, OTHER))
    assert (found["ok"], found["troubles"]) == (False, ["10.0.0.1:80 gets no requests"])
    assert found["addresses"][0] == {"address": "10.0.0.1:80", "well": 0}


def test_copies_that_are_held_back_are_told() -> None:
    slow, usual = worker(0, WELL), worker(1, WELL)
    slow.gauges.append(["strangler_shadow_halted", ["catalog"], 1])
    usual.gauges.append(["strangler_shadow_halted", ["catalog"], 0])
    assert row(slow, usual)["troubles"] == [
        "gets no copies of requests from 1 of 2 workers, for it answers more slowly than it usually does"
    ]
    assert row(usual)["ok"]


def test_what_only_some_workers_tell_is_told_as_such() -> None:
    found = row(worker(0, SICK), worker(1, WELL, breaker="open"))
    assert found["troubles"] == [
        "10.0.0.1:80 gets no requests from 1 of 2 workers",
        "the breaker is open in 1 of 2 workers",
    ]
    assert found["breaker"] == {"closed": 1, "open": 1}


def test_an_upstream_without_an_address_is_told_and_one_that_nobody_has_told_of_is_not() -> None:
    assert row(worker(0))["troubles"] == ["it has no address: its name does not resolve"]
    assert (row()["ok"], row()["workers"]) == (True, 0)


def test_failures_are_told_by_their_causes() -> None:
    workers = linked(worker(0, WELL))
    traffic: dict[str, Any] = {
        "traffic": [],
        "counters": [["strangler_upstream_failures_total", ["catalog", "reset"], 2]],
    }
    workers.measured.take(traffic)
    [found] = upstream_rows(["catalog"], workers)
    assert (found["failures"], found["ok"]) == ({"reset": 2}, True)


def test_each_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "strangler.upstreams")
    troubles = Troubles(["catalog"])
    for told in (WELL, SICK, SICK, EJECTED, WELL, WELL):
        troubles.look([worker(0, told, breaker="open" if told is EJECTED else "off")], [])
    troubles.look([], [])
    assert [record.getMessage() for record in caplog.records] == [
        "upstream catalog: 10.0.0.1:80 gets no requests",
        "upstream catalog: 10.0.0.1:80 gets no requests; the breaker is open",
        "upstream catalog: well again",
    ]


def test_failures_of_a_kind_are_logged_once_a_minute_with_their_number(caplog: pytest.LogCaptureFixture) -> None:
    troubles, refused = Troubles(["monolith"]), ["strangler_upstream_failures_total", ["monolith", "refused"], 2]
    open_breaker = ["strangler_upstream_failures_total", ["monolith", "breaker-open"], 7]
    for now in (0.0, 1.0, 30.0, 59.0, 61.0, 200.0):
        troubles.look([], [refused, open_breaker] if now < 60 else [], now=now)
    assert [record.getMessage() for record in caplog.records] == [
        "upstream monolith: 2 requests failed (refused)",
        "upstream monolith: 6 requests failed (refused)",
    ]
