"""A worker tells how its counters have grown, and nothing twice, also when what counted was made anew."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any, cast

from strangler_proxy.access_log import AccessLog
from strangler_proxy.config import Limits
from strangler_proxy.counts import Counts
from strangler_proxy.gateway import Gateway
from strangler_proxy.measures import COUNTER, GAUGE, MEASURES
from strangler_proxy.record.recorder import Recorder
from strangler_proxy.report import Report, process_samples
from strangler_proxy.shadow.shadow import Shadow
from strangler_proxy.subject import Subjects

from tests.proxy.dataplane.raw import config


class FakePool:
    """One upstream's numbers."""

    def __init__(self, made: int = 0, **ejections: int) -> None:
        self.made = made
        self.breaker = "closed"
        self.ejections = ejections
        self.dns_age: float | None = None

    def stats(self, now: float) -> dict[str, Any]:
        assert now > 0
        return {
            "upstream": "catalog",
            "in_flight": 3,
            "in_flight_most": 10,
            "waiting": 0,
            "waiting_most": 5,
            "connections": {"in_use": 3, "unused": 5, "connecting": 1, "open": 9},
            "connections_made": self.made,
            "refused": {"breaker-open": 0, "bulkhead-full": 2},
            "connect_failures": {"refused": 0},
            "breaker": self.breaker,
            "breaker_opened": 0,
            "endpoints": [
                {"address": address, "healthy": True, "ejected": False, "ejections": number, "probes_failed": 0}
                for address, number in self.ejections.items()
            ],
            "dns_age": self.dns_age,
            "dns_failures": 0,
            "dns_failing": ["catalog.internal"],
        }


class FakeGateway:
    """What a report looks at."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.counts = Counts()
        self.clients = {1, 2, 3}
        self.limits = Limits()
        self.log = AccessLog(None)
        self.pools = {"catalog": FakePool()}
        self.shadow = Shadow(config(1), Subjects(bytes(32)), loop, private=frozenset(), unsettable=frozenset())
        self.recorder = Recorder(self.shadow.visitors, config(1).shadow, [], loop)
        self.tracer = None
        self.vouching: FakeVouching | None = None


class FakeVouching:
    """Asks of a monolith, counted."""

    def __init__(self, **counts: int) -> None:
        self.counts = counts
        self.untold = 0


class World:
    def __init__(self) -> None:
        self.gateway = FakeGateway(asyncio.new_event_loop())
        self.turned_away: Counter[str] = Counter()
        self.report = Report(cast("Gateway", self.gateway), self.turned_away)
        self.gateway.loop.close()

    def take(self) -> tuple[dict[tuple[str, ...], float], dict[tuple[str, ...], float]]:
        counters, gauges = self.report.take()
        return _by_labels(counters), _by_labels(gauges)


def _by_labels(samples: list[list[Any]]) -> dict[tuple[str, ...], float]:
    found = {(name, *labels): value for name, labels, value in samples}
    assert len(found) == len(samples)
    return found


def test_how_requests_came_to_an_identity_is_told_where_any_wanted_one() -> None:
    world = World()
    assert not [key for key in world.take()[0] if key[0] == "strangler_vouching_total"]
    world.gateway.vouching = FakeVouching(asked=2, failed=0)
    world.take()
    world.gateway.vouching.counts["failed"] += 3
    counters = {key: grown for key, grown in world.take()[0].items() if key[0] == "strangler_vouching_total"}
    assert counters == {("strangler_vouching_total", "failed"): 3}


def test_what_the_other_workers_were_not_told_to_forget_is_counted() -> None:
    world = World()
    world.gateway.vouching = FakeVouching()
    world.gateway.vouching.untold = 7
    assert world.take()[0]["strangler_forgotten_untold_total",] == 7


def test_everything_told_is_on_the_list_with_its_labels() -> None:
    world = World()
    world.gateway.vouching = FakeVouching(asked=2)
    world.gateway.pools["catalog"] = FakePool(4, a=1)
    world.gateway.pools["catalog"].dns_age = 2.5
    world.turned_away["full"] = 1
    world.gateway.counts.refuse(400, "no Host")
    world.gateway.counts.failure("catalog", "reset")
    world.gateway.counts.fallback("a", "catalog", "reset")
    counters, gauges = world.report.take()
    for kind, samples in ((COUNTER, counters), (GAUGE, gauges)):
        for name, labels, _ in samples:
            measure = MEASURES[name]
            per_worker = "worker" in measure.labels
            assert len(labels) + per_worker == len(measure.labels)
            assert measure.kind == kind or name == "strangler_process_cpu_seconds_total"


def test_a_counter_is_told_by_its_growth_and_once() -> None:
    world = World()
    pool = world.gateway.pools["catalog"] = FakePool(4)
    made = ("strangler_pool_connections_made_total", "catalog")
    assert world.take()[0][made] == 4
    assert made not in world.take()[0]
    pool.made = 6
    assert world.take()[0][made] == 2


def test_what_is_made_anew_begins_at_nothing() -> None:
    world = World()
    world.gateway.pools["catalog"] = FakePool(10)
    world.take()
    world.gateway.pools["catalog"] = FakePool(3)
    assert world.take()[0]["strangler_pool_connections_made_total", "catalog"] == 3


def test_addresses_that_come_and_go_take_nothing_with_them_and_leave_nothing_behind() -> None:
    world = World()
    told = ("strangler_endpoint_ejections_total", "catalog")
    total = 0.0
    for ejections, grown in (({"a": 2, "b": 1}, 3), ({"a": 3}, 1), ({"a": 3, "c": 4}, 4), ({"c": 5}, 1)):
        world.gateway.pools["catalog"] = FakePool(0, **ejections)
        counters, _ = world.report.take()
        now = sum(value for name, labels, value in counters if (name, *labels) == told)
        assert now == grown
        total += now
    assert total == 9
    kept = len(world.report._told)
    for number in range(50):
        world.gateway.pools["catalog"] = FakePool(0, **{f"address{number}": 1})
        world.take()
    assert len(world.report._told) == kept


def test_gauges_are_told_as_they_stand() -> None:
    world = World()
    world.gateway.pools["catalog"].breaker = "open"
    _, gauges = world.take()
    assert gauges["strangler_client_connections",] == 3
    assert gauges["strangler_pool_connections", "catalog", "unused"] == 5
    assert gauges["strangler_breaker_state", "catalog", "open"] == 1
    assert gauges["strangler_breaker_state", "catalog", "closed"] == 0
    assert gauges["strangler_dns_failing", "catalog"] == 1
    assert ("strangler_dns_age_seconds", "catalog") not in gauges


def test_an_event_loop_that_is_held_up_says_how_long() -> None:
    async def scenario() -> tuple[float, float]:
        gateway = FakeGateway(asyncio.get_running_loop())
        report = Report(cast("Gateway", gateway), {})
        report.start()

        async def lag_after(held: float) -> float:
            due = report._due
            time.sleep(held)  # noqa: ASYNC251 - what is to be noticed
            while report._due == due:  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0.01)
            return float(_by_labels(report.take()[1])["strangler_event_loop_lag_seconds",])

        held, free = await lag_after(0.5), await lag_after(0)
        report.stop()
        return held, free

    held, free = asyncio.run(scenario())
    assert held >= 0.2
    assert free < held


def test_a_process_knows_its_own_size() -> None:
    told = _by_labels(process_samples())
    assert told["strangler_process_cpu_seconds_total",] > 0
    assert told["strangler_process_resident_memory_bytes",] > 1_000_000
    assert told["strangler_process_open_fds",] >= 3
