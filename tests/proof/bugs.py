"""A/B: bugs under traffic like customers', with noise on both sides; and the same traffic without a bug."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from statistics import median
from typing import Any, Final

import pytest

from demo.stack import Stack
from strangler.compare import Verdict
from strangler.evidence.binomial import upper_bound
from tests.parity.sides import Asker
from tests.proof.corpus import Corpus
from tests.proof.flaws import BEYOND, FLAWS, HARMLESS, Flaw
from tests.proof.hunt import Effort, Hunted, Source, hunt
from tests.proof.pages import VISITORS, Pages
from tests.proof.recorded import Recorded
from tests.proof.service import InProcess
from tests.proof.sources import AmidNoise, InPages, InService
from tests.proof.trial import Judge

__all__ = ["BugPlan", "Hunt", "Quiet", "run"]

# The share of pairs without a bug that must tell something.
_TELLING: Final = 0.99
_WORDS: Final = {True: "found", False: "WRONG"}


@dataclass(frozen=True, slots=True)
class BugPlan:
    """How hard to look for each bug, which ones (all), and how many pairs without a bug must not differ; of how many
    products' pages, and as whom."""

    effort: Effort
    quiet: int
    flaws: Sequence[Flaw] = FLAWS
    beyond: Mapping[Flaw, str] = field(default_factory=lambda: BEYOND)
    products: int = 8
    visitors: Sequence[tuple[str, int]] = VISITORS


@dataclass(slots=True)
class Quiet:
    """The traffic without a bug: pairs by what was said of them."""

    outcomes: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def told(self) -> int:
        """How many pairs said whether the sides agree."""
        return self.outcomes["agree"] + self.outcomes["equal"] + self.outcomes["differ"]


@dataclass(frozen=True, slots=True)
class Hunt:
    """What came of all bugs, and of none; good where each bug was found and nothing else was."""

    hunted: list[Hunted]
    harmless: list[Hunted]
    beyond: list[tuple[Hunted, str]]
    quiet: Quiet
    seconds: float

    @property
    def good(self) -> bool:
        """Whether the verdict was right about everything."""
        found = all(each.good for each in self.hunted)
        # Of each of the harmless ways something has to be seen, or it says nothing.
        alike = all(each.outcomes and not each.outcomes["differ"] for each in self.harmless)
        pairs = self.quiet.outcomes.total()
        quiet = not self.quiet.outcomes["differ"] and self.quiet.told >= _TELLING * pairs
        return found and alike and quiet

    def to_json(self) -> dict[str, Any]:
        """The figures as a JSON document."""
        differ, told = self.quiet.outcomes["differ"], self.quiet.told
        return {
            "good": self.good,
            "bugs": len(self.hunted),
            "found": sum(each.found for each in self.hunted),
            "good_bugs": sum(each.good for each in self.hunted),
            "judged": sum(each.outcomes.total() for each in self.hunted),
            "blamed": sum(each.blamed for each in self.hunted),
            "quiet": {
                "pairs": self.quiet.outcomes.total(),
                "outcomes": dict(self.quiet.outcomes),
                "false_differences_in_10000": 10_000 * differ / told if told else 0.0,
                "false_differences_in_10000_at_most": 10_000 * upper_bound(differ, told),
                "examples": self.quiet.examples,
            },
            "harmless": [{"name": each.name, "outcomes": dict(each.outcomes)} for each in self.harmless],
            "beyond": [
                {"name": each.name, "why": why, "shown": each.shown, "outcomes": dict(each.outcomes)}
                for each, why in self.beyond
            ],
            "seconds": round(self.seconds, 1),
            "each": [
                {
                    "name": each.name,
                    "good": each.good,
                    "median": median([after for after in each.after if after] or [0]),
                    "worst": max([after for after in each.after if after] or [0]),
                    "after": each.after,
                    "share": each.shown / each.pairs if each.pairs else 0.0,
                    "outcomes": dict(each.outcomes),
                    "fields": dict(each.fields.most_common(4)),
                    "elsewhere": each.elsewhere,
                }
                for each in self.hunted
            ],
        }


def run(stack: Stack, plan: BugPlan, *, say: Callable[[str], None] = print) -> Hunt:
    """Hunt all bugs of the plan, on the shop that runs in `stack`; its monolith and service must be up."""
    return asyncio.run(_run(stack, plan, say))


async def _run(stack: Stack, plan: BugPlan, say: Callable[[str], None]) -> Hunt:
    began = time.monotonic()
    asker = Asker(stack, "monolith")
    old, corpus = Recorded(asker), Corpus.of(stack)
    pages = Pages.record(stack, products=plan.products, visitors=plan.visitors)
    hunted: list[Hunted] = []
    try:
        async with InProcess(stack) as healthy:
            sources: list[tuple[Source, int]] = [
                (AmidNoise(corpus, old, healthy, None), plan.quiet * 2 // 3),
                (InPages(pages, None), plan.quiet - plan.quiet * 2 // 3),
            ]
            quiet = Quiet()
            for source, pairs in sources:
                await _without_a_bug(quiet, source, plan.effort.seeds, pairs)
            say(f"  without a bug: {dict(quiet.outcomes)}")
            # What the service answers without a bug has to be known before its code is changed.
            for seed in plan.effort.seeds:
                for case in islice(corpus.traffic(seed), plan.effort.most):
                    await healthy.ask(case)
            for flaw in plan.flaws:
                found = await _hunted(stack, flaw, plan.effort, (corpus, old, healthy, pages))
                hunted.append(found)
                say(f"  {_WORDS[found.good]} {flaw.name}: {found.after} {dict(found.outcomes)} {found.elsewhere}")
            gently = replace(plan.effort, most=plan.effort.pairs)
            sides = corpus, old, healthy, pages
            harmless = [await _hunted(stack, flaw, gently, sides) for flaw in HARMLESS]
            beyond = [(await _hunted(stack, flaw, gently, sides), why) for flaw, why in plan.beyond.items()]
    finally:
        asker.close()
    return Hunt(hunted, harmless, beyond, quiet, time.monotonic() - began)


async def _hunted(stack: Stack, flaw: Flaw, effort: Effort, sides: tuple[Corpus, Recorded, InProcess, Pages]) -> Hunted:
    corpus, old, healthy, pages = sides
    if flaw.change is not None:
        return await hunt(flaw, InPages(pages, flaw.change), effort)
    if flaw.spoil is not None:
        return await hunt(flaw, AmidNoise(corpus, old, healthy, flaw.spoil), effort)
    if flaw.plant is None:
        raise ValueError(f"{flaw.name} has nothing that makes it")
    with pytest.MonkeyPatch.context() as patch:
        flaw.plant(patch)
        async with InProcess(stack, unsteady=flaw.unsteady) as buggy:
            return await hunt(flaw, InService(corpus, old, healthy, buggy), effort)


async def _without_a_bug(quiet: Quiet, source: Source, seeds: Sequence[int], pairs: int) -> None:
    for seed in seeds:
        judge, chance, traffic = Judge(), random.Random(seed), source.traffic(seed)
        for _ in range(pairs // len(seeds)):
            case = next(traffic)
            exchange = await source.exchange(case, chance)
            finding = await judge.finding(case, exchange.old, exchange.new)
            word = "equal" if finding is None else finding.cause or finding.verdict.value
            quiet.outcomes[word] += 1
            if finding is not None and finding.verdict is not Verdict.AGREE and len(quiet.examples) < 20:
                quiet.examples.append(f"{word}: {case}: {'; '.join(map(str, finding.differences[:2]))}")
