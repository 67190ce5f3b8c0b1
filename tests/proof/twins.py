"""A/A: the monolith beside a second instance of itself, with customers, and nothing that may be excused by a rule."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from demo.customers import Customers, Failure
from demo.stack import Seeding
from strangler.evidence.binomial import lower_bound, upper_bound
from tests.proof.control import Control, Reports
from tests.proof.members import Members
from tests.proof.stack import TwinStack
from tests.waiting import until

__all__ = ["Likeness", "TwinPlan", "run"]

_SEEDING: Final = Seeding(products=200, customers=48, orders=300)
# The share of pairs that may tell nothing: what customers changed in between, and what a bound kept from being asked.
_MOST_UNTOLD: Final = 0.01
_UNDER_WAY: Final = (
    "strangler_shadow_queue",
    "strangler_shadow_in_flight",
    "strangler_comparer_backlog",
    "strangler_comparer_examining",
)
# Why an exchange is missed, or is not asked about again, when there are too many at once.
_HURRIED: Final = ("queue-full", "bytes", "rate", "slowed", "no-answer", "breaker-open", "comparer-full")
_MOST_HURRIED: Final = 0.003
_SHORTEST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 5.0
# So long after the last customer has gone, everything is compared, asked again and told.
_SETTLING: Final = 60.0


@dataclass(frozen=True, slots=True)
class TwinPlan:
    """At least `pairs` compared, of so many customers and signed-in members at once, within so many seconds."""

    pairs: int
    seed: int
    customers: int = 8
    members: int = 8
    pause: float = 0.5
    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """What came of the run; good where nobody saw a failure, no pair differed, and next to none told nothing. `faults`
    is how many pairs a fault of the comparer's own kept from a finding, `asked` how often the monolith was asked again.
    """

    reports: Reports
    faults: int
    asked: int
    requests: int
    orders: int
    failures: tuple[Failure, ...]
    examples: tuple[dict[str, Any], ...]
    wanted: int
    seconds: float

    @property
    def told(self) -> int:
        """How many pairs said whether the sides agree."""
        return self.reports.total("agree") + self.reports.total("differ")

    @property
    def good(self) -> bool:
        """Whether the verdict was right about everything, and there was enough of it."""
        pairs, untold = self.reports.total("pairs"), self.reports.total("inconclusive")
        enough = pairs >= self.wanted and untold <= _MOST_UNTOLD * pairs
        return enough and not self.failures and not self.faults and not self.reports.total("differ")

    def to_json(self) -> dict[str, Any]:
        """The figures as a JSON document."""
        told, differ = self.told, self.reports.total("differ")
        return {
            "good": self.good,
            "pairs": self.reports.total("pairs"),
            "agree": self.reports.total("agree"),
            "differ": differ,
            "inconclusive": self.reports.total("inconclusive"),
            "causes": self.reports.summed("causes"),
            "missed": self.reports.summed("missed"),
            "agreement_at_least": lower_bound(told - differ, told),
            "false_differences_in_10000": 10_000 * differ / told if told else 0.0,
            "false_differences_in_10000_at_most": 10_000 * upper_bound(differ, told),
            "asked_again": self.asked,
            "faults": self.faults,
            "requests": self.requests,
            "orders": self.orders,
            "failures": [f"{each.request}: {each.wrong}" for each in self.failures],
            "seconds": round(self.seconds, 1),
            "routes": [
                {
                    "route": each["route"],
                    **{
                        name: each["agreement"][name] for name in ("pairs", "agree", "differ", "inconclusive", "inputs")
                    },
                    "causes": each["causes"],
                    "differences": [f"{one['field']} {one['kind']} ×{one['count']}" for one in each["differences"]],
                    "noise": {f"{one['field']} {one['kind']}": one["count"] for one in each["noise"]},
                }
                for each in self.reports.routes
            ],
            "examples": list(self.examples),
        }


def run(plan: TwinPlan, folder: Path, *, say: Callable[[str], None] = print) -> Likeness:
    """Let customers in until enough pairs were compared."""
    stack = TwinStack(folder, say=say)
    stack.prepare(_SEEDING)
    try:
        stack.start()
        stack.strangler("flip", "*", "shadow", "--why", "the proof: A/A")
        control = Control(stack.addresses.url("control"), stack.state / "control.token")
        try:
            return _watched(plan, stack, control, say)
        finally:
            control.close()
    finally:
        stack.stop()


def _watched(plan: TwinPlan, stack: TwinStack, control: Control, say: Callable[[str], None]) -> Likeness:
    url, began = stack.addresses.url("shop"), time.monotonic()
    customers = Customers(url, count=plan.customers, buyer_every=2, pause=plan.pause, seed=plan.seed)
    members = Members(url, count=plan.members, accounts=_SEEDING.customers, pause=plan.pause, seed=plan.seed)
    customers.start()
    members.start()
    try:
        pacing = _Pacing(plan, control, (customers, members), say)
        with suppress(AssertionError):
            # Where time ran out there are too few pairs, which the figures say.
            until(pacing.enough, seconds=plan.seconds, every=3.0)
    finally:
        tallies = [customers.stop(), members.stop()]
    seen = [-1]
    until(lambda: _settled(control, seen), seconds=_SETTLING, every=1.5)
    return Likeness(
        reports=control.reports(),
        faults=round(control.measured("strangler_comparer_faults_total")),
        asked=round(control.measured("strangler_comparer_asked_again_total")),
        requests=sum(sum(tally.requests.values()) for tally in tallies),
        orders=sum(tally.orders for tally in tallies),
        failures=tuple(failure for tally in tallies for failure in tally.failures),
        examples=tuple(control.differing()),
        wanted=plan.pairs,
        seconds=time.monotonic() - began,
    )


class _Pacing:
    """Lets customers be as fast as everything can be compared: where pairs are missed or stay unchecked for want of
    time they look at pages for longer, else not so long."""

    def __init__(
        self, plan: TwinPlan, control: Control, crowds: Sequence[Customers | Members], say: Callable[[str], None]
    ) -> None:
        self._plan, self._control, self._crowds, self._say = plan, control, crowds, say
        self._before = (0, 0)

    def enough(self) -> bool:
        """Look, set the pace, and say whether there are enough pairs."""
        reports = self._control.reports()
        pairs, causes, missed = reports.total("pairs"), reports.summed("causes"), reports.summed("missed")
        hurried = causes.get("unchecked", 0) + sum(missed.get(each, 0) for each in _HURRIED)
        new, late = pairs - self._before[0], hurried - self._before[1]
        self._before = pairs, hurried
        by = 1.3 if late > _MOST_HURRIED * new else 0.97
        for crowd in self._crowds:
            crowd.pause = min(max(crowd.pause * by, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        differ, pause = reports.total("differ"), self._crowds[0].pause
        self._say(f"  {pairs} pairs, {differ} differ, {causes}, missed {missed}, pause {pause:.2f} s")
        return pairs >= self._plan.pairs


def _settled(control: Control, seen: list[int]) -> bool:
    """Whether nothing is under way, and nothing came since the last look."""
    seen.append(control.reports().total("pairs"))
    return not control.measured(*_UNDER_WAY) and seen[-1] == seen[-2]
