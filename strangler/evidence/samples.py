"""Which whole pairs are worth keeping: a few for each place in which the sides differ."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from strangler.compare.values import Verdict
from strangler.evidence.kept import KeptPair

__all__ = ["Sample", "Shelf", "keepers", "redundant", "shelves"]

_MOST_SHELVES: Final = 40


class Shelf(NamedTuple):
    """Pairs that show the same thing, within one scope: a difference of that kind in that field, or, with an empty
    field, a verdict (`kind` is `agree`, `differ`, or `inconclusive:` with the cause)."""

    template: str
    field: str
    kind: str


class Sample(NamedTuple):
    """What deciding needs of a kept pair. `statuses` are the classes of both sides' statuses: (2, 5)."""

    id: str
    at: float
    size: int
    statuses: tuple[int, int]

    @classmethod
    def of(cls, kept: KeptPair) -> Sample:
        """The sample that a kept pair is."""
        return cls(kept.id, kept.at, kept.size, (kept.pair.old.status // 100, kept.pair.new.status // 100))


def shelves(kept: KeptPair) -> list[Shelf]:
    """Where a pair belongs: with the first 40 differences that it shows, or with its verdict."""
    if kept.verdict is Verdict.INCONCLUSIVE:
        return [Shelf(kept.template, "", f"{kept.verdict.value}:{kept.cause}")]
    places = {Shelf(kept.template, each.field, each.kind.value): None for each in kept.differences}
    if not places or kept.verdict is Verdict.AGREE:
        places = {Shelf(kept.template, "", kept.verdict.value): None, **places}
    return list(places)[:_MOST_SHELVES]


def keepers(shelf: Iterable[Sample], samples: int) -> set[str]:
    """The ids of the at most `samples` pairs that a shelf keeps: the newest, the smallest, the newest of each pair of
    status classes, and then the next newest."""
    newest = sorted(shelf, key=lambda sample: (-sample.at, sample.id))
    if not newest:
        return set()
    ranked = [newest[0].id, min(newest, key=lambda sample: (sample.size, -sample.at, sample.id)).id]
    classes: dict[tuple[int, int], str] = {}
    for sample in newest:
        classes.setdefault(sample.statuses, sample.id)
    ranked += [*classes.values(), *(sample.id for sample in newest)]
    return set(list(dict.fromkeys(ranked))[:samples])


def redundant(samples: Sequence[tuple[Sample, Sequence[object]]], most_bytes: int) -> list[str]:
    """The ids of those to drop so that the rest takes at most `most_bytes`: where most others show the same thing,
    there the oldest first. Each sample comes with its shelves (any value that tells one from another)."""
    size = sum(sample.size for sample, _ in samples)
    crowd = Counter(shelf for _, places in samples for shelf in places)

    def company(places: Sequence[object]) -> int:
        return min((crowd[shelf] for shelf in places), default=0)

    heap = [
        (-company(places) if places else 0, sample.at, sample.id, number)
        for number, (sample, places) in enumerate(samples)
    ]
    heapq.heapify(heap)
    dropped: list[str] = []
    while size > most_bytes and heap:
        rank, at, name, number = heapq.heappop(heap)
        sample, places = samples[number]
        present = -company(places)
        if present != rank:
            # Others of its shelves went meanwhile: it waits for its new turn.
            heapq.heappush(heap, (present, at, name, number))
            continue
        dropped.append(name)
        size -= sample.size
        crowd.subtract(places)
    return dropped
