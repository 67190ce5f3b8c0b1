"""The comparer at work: storms, bounds, faults, and its end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from strangler_proxy.comparer.backlog import Backlog
from strangler_proxy.comparer.comparer import Comparer
from strangler_proxy.comparer.examination import Examiner
from strangler_proxy.comparer.finding import pair_of
from strangler_proxy.comparer.keeping import Keeper
from strangler_proxy.comparer.ledger import Ledger
from strangler_proxy.shadow.frame import Side

from strangler.compare import Comparison, Ignore, MemoryIdMap, Rule, Rules
from strangler.evidence import Evidence, KeptPair, Scope
from tests.proxy.comparer.exchanges import FakeSides, Moment, exchange, side

CHEAP, DEAR = side({"price": 1}), side({"price": 2})


class Bench:
    """A comparer whose sides are fakes, and whose clock stands still."""

    def __init__(self, sides: FakeSides, *, recheck: float = 0.0, rules: Rules | None = None) -> None:
        self.sides = sides
        self.now = 0.0
        self.backlog = Backlog(10_000, 1 << 30)
        rules = rules or Rules()
        self.ledger = Ledger(rules, Keeper(lambda kept: kept))
        self.examiner = Examiner(rules, sides, lag=2.0, ids=MemoryIdMap(), wait=Moment().wait)
        self.comparer = Comparer(
            self.backlog,
            self.ledger,
            self.examiner,
            sides,
            recheck=recheck,
            now=lambda: self.now,
            chance=lambda: 0.5,
        )

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Bench]:
        task = asyncio.create_task(self.comparer.run())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def found(self) -> Evidence:
        """What was counted of the one scope there is since last asked."""
        [evidence] = self.ledger.take().scopes.values()
        return evidence

    @property
    def verdicts(self) -> Counter[str]:
        """Pairs by verdict, or by cause where there is one."""
        counted: Counter[str] = Counter()
        for (_, verdict, cause), number in self.ledger.pairs.items():
            counted[cause or verdict] += number
        return counted


async def turns(until: Callable[[], bool]) -> None:
    """Let the event loop turn until something has come true."""
    async with asyncio.timeout(10):
        while not until():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)


def test_what_both_sides_repeat_is_counted_as_a_difference_of_its_scope() -> None:
    async def scenario() -> None:
        async with Bench(FakeSides([CHEAP], [DEAR])).working() as bench:
            bench.backlog.put(exchange(group="vip"))
            await bench.backlog.empty()
            batch = bench.ledger.take()
            [(scope, evidence)] = batch.scopes.items()
            assert scope == Scope("catalog.detail", "1.4", Rules().revision)
            [(pair, tally)] = evidence.pairs.items()
            assert pair == ("/products/<int:id>/", "GET", 200, "shadow", "monolith", "differ", "", "vip")
            assert (tally.count, tally.last) == (1, 1_700_000_000.0)
            assert [(key.field, key.kind, each.count) for key, each in evidence.differences.items()] == [
                ("$.price", "value", 1)
            ]
            [kept] = batch.kept.values()
            assert kept.pair.old.body == b'{"price": 1}'
            assert [each.path for each in kept.differences] == ["$.price"]

    asyncio.run(scenario())


def test_a_field_that_differs_in_every_element_is_counted_once_a_pair() -> None:
    old, new = side([{"price": 1}] * 5), side([{"price": 2}] * 5)

    async def scenario() -> None:
        async with Bench(FakeSides([old], [new])).working() as bench:
            bench.backlog.put(exchange(old, new))
            await bench.backlog.empty()
            [tally] = bench.found().differences.values()
            assert tally.count == 1

    asyncio.run(scenario())


def test_a_storm_of_one_difference_is_asked_again_only_so_often_and_the_rest_is_unchecked() -> None:
    async def scenario() -> None:
        async with Bench(FakeSides([CHEAP], [DEAR])).working() as bench:
            for _ in range(500):
                bench.backlog.put(exchange())
            await bench.backlog.empty()
            assert bench.verdicts == {"differ": 10, "unchecked": 490}
            assert len(bench.sides.asked) == 50
            [tally] = bench.found().differences.values()
            assert tally.count == 10
            # As time goes by, more are.
            bench.now = 2.0
            for _ in range(10):
                bench.backlog.put(exchange())
            await bench.backlog.empty()
            assert bench.verdicts == {"differ": 14, "unchecked": 496}

    asyncio.run(scenario())


def test_in_a_storm_another_difference_is_still_found() -> None:
    unlike = exchange(side({"price": 1, "name": "Pan"}), side({"price": 2, "name": "Pot"}))

    async def scenario() -> None:
        async with Bench(FakeSides([CHEAP], [DEAR])).working() as bench:
            for _ in range(100):
                bench.backlog.put(exchange())
            await bench.backlog.empty()
            bench.sides._answers = {"monolith": [unlike.old], "candidate": [unlike.new]}
            before = bench.verdicts["differ"]
            bench.backlog.put(unlike)
            await bench.backlog.empty()
            assert bench.verdicts["differ"] == before + 1

    asyncio.run(scenario())


def test_while_sides_are_asked_again_others_are_compared() -> None:
    async def scenario() -> None:
        sides = FakeSides([CHEAP], [DEAR])
        sides.hold = asyncio.Event()
        async with Bench(sides).working() as bench:
            bench.backlog.put(exchange())
            bench.backlog.put(exchange(method="POST"))
            await turns(lambda: bench.verdicts["differ"] == 1)
            assert bench.comparer.examining == 1
            assert bench.backlog.held == 1
            sides.hold.set()
            await bench.backlog.empty()
            assert bench.verdicts == {"differ": 2}
            await turns(lambda: bench.comparer.examining == 0)

    asyncio.run(scenario())


def test_no_more_than_so_many_are_asked_again_at_once() -> None:
    async def scenario() -> None:
        sides = FakeSides([CHEAP], [DEAR])
        sides.hold = asyncio.Event()
        async with Bench(sides).working() as bench:
            for number in range(140):
                bench.backlog.put(exchange(route=f"route {number}"))
            await turns(lambda: bench.verdicts["unchecked"] == 12)
            assert bench.comparer.examining == 128
            sides.hold.set()
            await bench.backlog.empty()

    asyncio.run(scenario())


def test_a_storm_of_ever_new_fields_on_one_route_leaves_room_for_the_others() -> None:
    async def scenario() -> None:
        sides = FakeSides([CHEAP], [DEAR])
        sides.hold = asyncio.Event()
        async with Bench(sides).working() as bench:
            for number in range(200):
                bench.backlog.put(exchange(new=side({"price": 1, f"new {number}": 1})))
            await turns(lambda: bench.verdicts["unchecked"] == 168)
            bench.backlog.put(exchange(route="another"))
            await turns(lambda: bench.comparer.examining == 33)
            sides.hold.set()
            await bench.backlog.empty()
            assert bench.ledger.pairs["another", "differ", ""] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(("repeat", "changed"), [(side({"price": 1, "at": 7}), 0), (DEAR, 1)])
def test_of_pairs_that_agree_a_share_is_asked_again_and_whether_the_monolith_changed_is_counted(
    repeat: Side, changed: int
) -> None:
    rules = Rules((Rule(Ignore(), "the moment", path="$.at"),))
    agreeing = exchange(side({"price": 1, "at": 1}), side({"price": 1, "at": 2}))

    async def scenario() -> None:
        async with Bench(FakeSides([repeat]), recheck=0.6, rules=rules).working() as bench:
            bench.backlog.put(agreeing)
            await bench.backlog.empty()
            assert bench.verdicts == {"agree": 1}
            evidence = bench.found()
            assert (evidence.asked, evidence.changed) == (1, changed)
            assert evidence.latency["monolith", "again"].count == 1

    asyncio.run(scenario())


def test_of_pairs_that_agree_the_others_and_writes_are_not_asked_again() -> None:
    async def scenario() -> None:
        async with Bench(FakeSides(), recheck=0.4).working() as bench:
            bench.backlog.put(exchange(new=CHEAP))
        async with Bench(FakeSides(), recheck=0.6).working() as bench:
            bench.backlog.put(exchange(new=CHEAP, method="POST"))
            await bench.backlog.empty()
            assert bench.sides.asked == []

    asyncio.run(scenario())


def test_a_fault_of_ours_costs_one_exchange_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with Bench(FakeSides([CHEAP], [DEAR])).working() as bench:
            real = bench.examiner.at_first

            def failing(unequal: object) -> object:
                monkeypatch.setattr(bench.examiner, "at_first", real)
                raise RuntimeError("a fault")

            monkeypatch.setattr(bench.examiner, "at_first", failing)
            bench.backlog.put(exchange())
            bench.backlog.put(exchange())
            await bench.backlog.empty()
            assert bench.verdicts == {"unchecked": 1, "differ": 1}
            assert bench.comparer.faults == 1

    asyncio.run(scenario())


def test_a_fault_that_comes_with_every_pair_is_said_once_with_its_traceback_and_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with Bench(FakeSides([CHEAP], [DEAR])).working() as bench:

            def failing(unequal: object) -> object:
                raise RuntimeError("a fault")

            monkeypatch.setattr(bench.examiner, "at_first", failing)
            monkeypatch.setattr(bench.ledger, "note", lambda *_: int("none"))
            for _ in range(12):
                bench.backlog.put(exchange())
            await bench.backlog.empty()
            assert bench.comparer.faults == 12

    asyncio.run(scenario())
    tracebacks = [record.exc_info is not None for record in caplog.records]
    assert tracebacks == [True, True, False, False]
    assert caplog.text.count("10 times by now") == 2


def test_a_fault_while_sides_are_asked_again_costs_one_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with Bench(FakeSides([CHEAP], [DEAR])).working() as bench:

            async def failing(unequal: object, comparison: Comparison) -> object:
                raise RuntimeError("a fault")

            monkeypatch.setattr(bench.examiner, "further", failing)
            bench.backlog.put(exchange())
            await bench.backlog.empty()
            assert bench.verdicts == {"unchecked": 1}
            assert bench.comparer.faults == 1

    asyncio.run(scenario())


def test_at_the_end_what_waits_is_compared_and_what_is_not_known_yet_stays_unchecked() -> None:
    async def scenario() -> None:
        sides = FakeSides([CHEAP], [DEAR])
        sides.hold = asyncio.Event()
        async with Bench(sides).working() as bench:
            bench.backlog.put(exchange())
            await turns(lambda: bench.comparer.examining == 1)
            bench.backlog.put(exchange(new=CHEAP))
            bench.backlog.put(exchange())
            await bench.comparer.finish(0.05)
            assert bench.verdicts == {"agree": 1, "unchecked": 2}
            assert bench.backlog.held == 0

    asyncio.run(scenario())


def test_where_redaction_fails_nothing_is_kept_and_everything_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    def failing(kept: KeptPair) -> KeptPair:
        raise RuntimeError("no key")

    ledger = Ledger(Rules(), Keeper(failing))
    bench = Bench(FakeSides([CHEAP], [DEAR]))
    for _ in range(3):
        finding, _ = bench.examiner.at_first(exchange())
        ledger.note(exchange(), finding, 0.0)
    batch = ledger.take()
    assert batch.kept == {}
    assert sum(tally.count for each in batch.scopes.values() for tally in each.pairs.values()) == 3
    assert len([record for record in caplog.records if "cannot be redacted" in record.message]) == 1


def test_pair_is_what_was_asked_and_answered() -> None:
    pair = pair_of(exchange(request_lines=[b"Host: shop", b"X-Name:  J\xf6rg\t"], request_body=b"abc"))
    assert pair.request.headers == (("Host", "shop"), ("X-Name", "Jörg"))
    assert (pair.request.target, pair.request.body, pair.request.route) == (
        "/products/7/?a=1",
        b"abc",
        "catalog.detail",
    )
