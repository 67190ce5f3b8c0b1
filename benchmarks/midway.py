"""A shop with 500 routes in the middle of its migration, as its stores hold it: toggles with their history, evidence,
10,000 kept pairs, and what customers got."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from strangler_proxy.store import SQLiteEvidenceStore, SQLiteToggleStore

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Rules, Verdict
from strangler.evidence import BOUNDS, Batch, KeptPair, Scope, Traffic, TrafficKey, hash64
from strangler.evidence.traffic import window_of
from strangler.toggles import BUCKETS, Change, Stage, Toggle

__all__ = ["CONTEXTS", "PAIRS", "ROUTES", "configuration", "fill", "plan"]

CONTEXTS: Final = 25
ROUTES: Final = 500
PAIRS: Final = 10_000
_DAY: Final = 86_400
_DAYS: Final = 5
_FIELDS: Final = 7
_SAMPLES: Final = 5
_HOUR: Final = 3600
_FINE: Final = 600
_MOST_AT_ONCE: Final = 200
# Of 20 routes of a context.
_STAGES: Final = (
    *[Stage.MONOLITH] * 5,
    *[Stage.SHADOW] * 6,
    *[Stage.CANARY] * 4,
    *[Stage.EXTRACTED] * 4,
    Stage.RETIRED,
)
_RELEASE: Final = "2026.11.1"

_HEAD: Final = """[proxy]
listen = "127.0.0.1:{port}"
workers = 1
[control]
listen = "127.0.0.1:{control}"
rate = 0
[upstreams.monolith]
url = "http://127.0.0.1:{upstream}"
"""
_UPSTREAM: Final = '[upstreams.{context}]\nurl = "http://127.0.0.1:{upstream}"\n'
_ROUTE: Final = """[[routes]]
name = "{name}"
methods = ["GET", "HEAD"]
path = "/api/v1/{context}/{number}/<int:id>/"
candidate = "{context}"
"""
_CHAPTER: Final = """
## {context}

Why {context} moves as number {number}, in a paragraph of the length that people write: it has a part of the traffic,
few writes, and a team of its own; what it owns is its own, and its neighbours ask for it through three calls.

```toml step=shadow-{context}
owner = "{context}'s team"
{needs}moves = [{{ flip = "{context}.*", stage = "shadow" }}]
```

```toml step=canary-{context}
owner = "{context}'s team"
needs = ["shadow-{context}"]
moves = [{{ flip = "{context}.*", stage = "canary", share = "5%" }}]
```
"""


def _contexts() -> list[str]:
    return [f"context{number:02}" for number in range(CONTEXTS)]


def _routes() -> Iterator[tuple[str, str, Stage]]:
    """Every route's name, its context, and where it stands."""
    for context in _contexts():
        for number, stage in enumerate(_STAGES):
            yield f"{context}.route-{number}", context, stage


def configuration(port: int, control: int, upstream: int) -> str:
    """The text of strangler.toml."""
    upstreams = (_UPSTREAM.format(context=context, upstream=upstream) for context in _contexts())
    routes = (
        _ROUTE.format(name=name, context=context, number=name.rpartition("-")[2]) for name, context, _ in _routes()
    )
    return "".join([_HEAD.format(port=port, control=control, upstream=upstream), *upstreams, *routes])


def plan() -> str:
    """The text of migration_plan.md: two steps a context."""
    chapters, before = [], ""
    for number, context in enumerate(_contexts(), 1):
        needs = f'needs = ["shadow-{before}"]\n' if before else ""
        chapters.append(_CHAPTER.format(context=context, number=number, needs=needs))
        before = context
    return "".join(["# The plan\n", *chapters])


def fill(state: Path, now: float) -> list[str]:
    """Fill the stores in the state folder as if all of it had happened until `now`; gives the ids of kept pairs."""
    state.mkdir(mode=0o700, parents=True)
    toggles, store = SQLiteToggleStore(state / "store.db"), SQLiteEvidenceStore(state / "evidence.db", samples=_SAMPLES)
    toggles.load()
    store.scopes()
    # While somebody has a file open, no log is folded into it after each use.
    with closing(sqlite3.connect(state / "store.db")) as one, closing(sqlite3.connect(state / "evidence.db")) as other:
        for each in (one, other):
            each.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        _move(toggles, now)
        return _happen(store, now)


def _happen(store: SQLiteEvidenceStore, now: float) -> list[str]:
    """What was observed, and what customers got."""
    for day in range(_DAYS):
        for batch in _observed(now - day * _DAY):
            store.add(batch, at=now - day * _DAY)
    ids: list[str] = []
    batch = Batch()
    for kept in _pairs(now):
        batch.keep(kept)
        ids.append(kept.id)
        if len(batch.kept) == _MOST_AT_ONCE:
            store.add(batch, at=now)
            batch = Batch()
    store.add(batch, at=now)
    for hours in range(7 * 24, 0, -1):
        store.add_traffic(_traffic(60), at=now - hours * _HOUR)
    for minutes in range(59, 10, -1):
        store.add_traffic(_traffic(12), at=now - minutes * 60)
    for start in range(window_of(now) - _FINE, window_of(now), 5):
        store.add_traffic(_traffic(1), at=start)
    store.prune(now=now, keep_seconds=30 * _DAY, most_bytes=2**30)
    return ids


def _move(store: SQLiteToggleStore, now: float) -> None:
    """Every route to where it stands, a stage at a time: those of a context together, weeks after the one before."""
    revision = 0

    def commit(toggles: list[Toggle], days: float) -> None:
        nonlocal revision
        at = datetime.fromtimestamp(now - days * _DAY, UTC)
        change = Change(toggles, who="ada@desk (ci)", why="as the plan says", at=at, forced=True)
        revision = store.commit(change, expected_revision=revision).revision

    commit([Toggle(name) for name, _, _ in _routes()], 400)
    for number, context in enumerate(_contexts()):
        for stage in list(Stage)[1:]:
            moved = [
                Toggle(name, stage=stage, share=BUCKETS // 10 if stage is Stage.CANARY else 0)
                for name, of, last in _routes()
                if of == context and last.position >= stage.position
            ]
            if moved:
                commit(moved, 380 - number * 14 - stage.position)


def _observed(at: float) -> Iterator[Batch]:
    """What a day's pairs of every route that is compared came to."""
    chance = random.Random(int(at))
    batch = Batch()
    for number, (name, _, stage) in enumerate(_routes(), 1):
        if stage is not Stage.MONOLITH:
            scope, template = Scope(name, _RELEASE, Rules().revision), f"/{name}/<int:id>/"
            for verdict, count in ((Verdict.AGREE, 4000), (Verdict.DIFFER, chance.choice((0, 0, 2, 90)))):
                if count:
                    batch.pair(scope, template=template, method="GET", status=200, stage=stage.value, count=count,
                               answering="monolith", verdict=verdict, at=at)  # fmt: skip
            for side, position in (("monolith", "again"), ("candidate", "second")):
                durations = batch.durations(scope, side=side, position=position)  # type: ignore[arg-type]
                for _ in range(200):
                    durations.add(chance.lognormvariate(-4, 0.7))
            for each in range(300):
                batch.distinct(scope, what="targets", hash64=hash64(f"{name}{each}".encode()))
            for field in range(_FIELDS):
                difference = Difference(f"$.items[*].field{field}", DifferenceKind.VALUE, "1", "2")
                batch.difference(scope, template=template, difference=difference, at=at, count=3)
        if number % 100 == 0:
            yield batch
            batch = Batch()


def _pairs(now: float) -> Iterator[KeptPair]:
    """Pairs with answers of about 2 KB, each with one difference; so many of each field that the store keeps all."""
    kind = (("Content-Type", "application/json"), ("X-Release", _RELEASE))
    made = 0
    for name, _, stage in _routes():
        if stage is Stage.MONOLITH:
            continue
        for field in range(_FIELDS):
            for number in range(_SAMPLES):
                if made == PAIRS:
                    return
                made += 1
                fields = {f"field{each}": f"{each}" * 30 for each in range(50)}
                old, new = ({**fields, f"field{field}": side} for side in ("before", "after"))
                yield KeptPair(
                    id=f"pair-{made}",
                    at=now - made,
                    scope=Scope(name, _RELEASE, Rules().revision),
                    template=f"/{name}/<int:id>/",
                    stage=stage.value,
                    answering="monolith",
                    verdict=Verdict.DIFFER,
                    pair=Pair(
                        Request("GET", f"/{name}/{number}/", name, (("Accept", "application/json"),)),
                        Answer(200, kind, json.dumps(old).encode()),
                        Answer(200, kind, json.dumps(new).encode()),
                    ),
                    differences=(Difference(f"$.items[*].field{field}", DifferenceKind.VALUE, '"before"', '"after"'),),
                    seconds=(0.02, 0.01),
                )


def _traffic(requests: int) -> dict[TrafficKey, Traffic]:
    """What customers got of every route within a window."""
    buckets = [0] * (len(BOUNDS) + 1)
    buckets[5] = requests
    one = Traffic(requests, 0, 0, 0.02 * requests, tuple(buckets))
    found: dict[TrafficKey, Traffic] = {TrafficKey("-", "monolith"): one}
    for name, _, stage in _routes():
        if stage in (Stage.MONOLITH, Stage.SHADOW, Stage.CANARY):
            found[TrafficKey(name, "monolith", stage.value)] = one
        if stage in (Stage.CANARY, Stage.EXTRACTED, Stage.RETIRED):
            found[TrafficKey(name, "candidate", stage.value, _RELEASE)] = one
    return found
