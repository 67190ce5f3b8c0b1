"""What a comparer tells of itself: every name is known, and counters are told once."""

from __future__ import annotations

import asyncio

from strangler_proxy.comparer.intake import Intake
from strangler_proxy.comparer.report import Report
from strangler_proxy.comparer.sides import Sides
from strangler_proxy.measures import COUNTER, MEASURES

from tests.proxy.comparer.exchanges import FakeSides, exchange, side
from tests.proxy.comparer.test_comparer import Bench
from tests.proxy.comparer.test_sides import configured
from tests.proxy.upstreams.pools import run


def test_counters_are_told_as_they_grew_and_gauges_as_they_are() -> None:
    async def scenario() -> None:
        bench = Bench(FakeSides([side({"price": 1})], [side({"price": 2})]))
        sides = Sides(configured(1, 2))
        intake = Intake(bench.backlog, 1000)
        report = Report(intake, bench.backlog, bench.comparer, bench.ledger, sides)
        async with bench.working():
            bench.backlog.put(exchange())
            await bench.backlog.empty()
        intake.refused = 2
        sides.asked["monolith"] = 3
        sides.unanswered["catalog", "timeout"] = 1
        bench.backlog.put(exchange())
        counters, gauges = report.take()
        assert counters == [
            ["strangler_shadow_pairs_total", ["catalog.detail", "differ", ""], 1],
            ["strangler_comparer_asked_again_total", ["monolith"], 3],
            ["strangler_comparer_unanswered_total", ["catalog", "timeout"], 1],
            ["strangler_comparer_refused_total", [], 2],
        ]
        told = {name: value for name, _, value in gauges}
        assert told["strangler_comparer_backlog"] == 1
        assert told["strangler_comparer_backlog_bytes"] > 0
        assert told["strangler_comparer_examining"] == 0
        for name, labels, _ in counters:
            assert MEASURES[name].kind == COUNTER
            assert len(MEASURES[name].labels) == len(labels)
        for name, labels, _ in gauges:
            # The comparer's own number is put before them.
            assert len(MEASURES[name].labels) == len(labels) + 1
        assert report.take()[0] == []
        sides.close()

    run(scenario())


def test_nothing_is_told_of_what_never_was() -> None:
    async def scenario() -> None:
        bench = Bench(FakeSides())
        sides = Sides(configured(1, 2))
        report = Report(Intake(bench.backlog, 1000), bench.backlog, bench.comparer, bench.ledger, sides)
        assert report.take()[0] == []
        sides.close()

    asyncio.run(scenario())
