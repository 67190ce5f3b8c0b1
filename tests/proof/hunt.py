"""One bug under traffic: after how many pairs the comparer finds it, where, and what it says of it otherwise."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from strangler_proxy.comparer.finding import Finding

from strangler.compare import Answer, Verdict
from tests.parity.cases import Case
from tests.proof.flaws.flaw import Flaw
from tests.proof.trial import Ask, Judge

__all__ = ["Effort", "Exchange", "Hunted", "Source", "hunt", "says_the_same"]


# Numbers as they are written, for 7 is another type than 7.0; and keys that stand twice.
_READER = json.JSONDecoder(
    object_pairs_hook=lambda pairs: sorted(pairs, key=lambda pair: pair[0]),
    parse_int=lambda text: ("number", text),
    parse_float=lambda text: ("number", text),
)
# Of a bug that is not found although it shows, so many times as many pairs are judged.
_PATIENCE = 5


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, both sides to ask, and the new one's first answer, without the bug (`right`) and with it."""

    case: Case
    old: Ask
    new: Ask
    right: Answer
    wrong: Answer


class Source(Protocol):
    """Where exchanges come from: without an end, the same for the same seed."""

    def traffic(self, seed: int) -> Iterator[Case]: ...
    async def exchange(self, case: Case, chance: random.Random) -> Exchange: ...


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look: at least `pairs` of each seed, for how often the bug shows, and up to `most` for finding it. Of
    those that show it at most `judged` are judged."""

    seeds: tuple[int, ...]
    pairs: int
    most: int
    judged: int


@dataclass(slots=True)
class Hunted:
    """What came of a bug: `after` has for each seed the number of the pair that found it, None for never."""

    name: str
    after: list[int | None] = field(default_factory=list)
    pairs: int = 0
    shown: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    elsewhere: list[str] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """Whether it was, with every seed."""
        return bool(self.after) and None not in self.after

    @property
    def blamed(self) -> int:
        """How many judged pairs showed the bug and were taken for something else."""
        return self.outcomes.total() - self.outcomes["differ"]

    @property
    def good(self) -> bool:
        """Whether it was found with every seed, where it is and nowhere else, and never taken for something else."""
        return self.found and not self.blamed and not self.elsewhere


def says_the_same(one: Answer, other: Answer) -> bool:
    """Whether two answers are the same to whoever reads them; how JSON is written and how long a body is says nothing.
    Not by the comparer's own code, for that is on trial."""
    return one == other or _read(one) == _read(other)


def _read(answer: Answer) -> tuple[object, ...]:
    headers = sorted(
        (name.lower(), value[:2] == "W/" if name.lower() == "etag" else value)
        for name, value in answer.headers
        if name.lower() != "content-length"
    )
    try:
        body = _READER.decode(answer.body.decode())
    except ValueError:
        body = answer.body
    return answer.status, headers, body


async def hunt(flaw: Flaw, source: Source, effort: Effort) -> Hunted:
    """Look for a bug under the traffic of each seed."""
    hunted = Hunted(flaw.name)
    for seed in effort.seeds:
        await _with_seed(hunted, flaw, source, effort, seed)
    return hunted


async def _with_seed(hunted: Hunted, flaw: Flaw, source: Source, effort: Effort, seed: int) -> None:
    chance = random.Random(f"{seed} {hunted.name}")
    judge = Judge()
    after: int | None = None
    judged = 0
    for number, case in enumerate(source.traffic(seed), 1):
        if number > (effort.most if after is None else effort.pairs):
            break
        exchange = await source.exchange(case, chance)
        hunted.pairs += 1
        right, wrong = exchange.right, exchange.wrong
        if right == wrong if flaw.harmless else says_the_same(right, wrong):
            continue
        hunted.shown += 1
        if judged >= effort.judged * (1 if after is not None else _PATIENCE):
            continue
        judged += 1
        finding = await judge.finding(case, exchange.old, exchange.new)
        if _count(hunted, flaw.at, case, finding) and after is None:
            after = number
    hunted.after.append(after)


def _count(hunted: Hunted, at: tuple[str, ...], case: Case, finding: Finding | None) -> bool:
    """Count a finding; whether it is the bug."""
    if finding is None:
        hunted.outcomes["equal"] += 1
        return False
    word = finding.cause or finding.verdict.value
    hunted.outcomes[word] += 1
    if finding.verdict is not Verdict.DIFFER:
        if len(hunted.elsewhere) < 3:
            hunted.elsewhere.append(f"{word}: {case}")
        return False
    breaking = [each for each in finding.differences if each.severity.value == "breaking"]
    hunted.fields.update({f"{each.field} {each.kind.value}" for each in breaking})
    wrong = [each for each in breaking if not any(part in each.field for part in at)]
    if wrong and len(hunted.elsewhere) < 3:
        hunted.elsewhere.append(f"{case}: {wrong[0]}")
    return not wrong
