"""Two months that a shop has behind it, as its stores hold them: who was moved when, and what customers got."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from strangler_proxy.store import SQLiteEvidenceStore, SQLiteToggleStore

from strangler.compare import Difference, DifferenceKind, Rules, Verdict
from strangler.evidence import BOUNDS, Batch, Scope, Traffic, TrafficKey, hash64
from strangler.inventory import App, Inventory, Site, UrlForm, View, write_inventory
from strangler.toggles import BUCKETS, Change, Stage, Toggle

__all__ = ["MORE", "PATHS", "PLAN", "WATCHED", "live", "name_code"]

_DAY: Final = 86_400.0
_DAYS: Final = 60
_LATELY: Final = 16 * 60
# When the release `v1` came, in which less differs.
_MENDED: Final = 9 * 60
WATCHED: Final = "orders.order-list"
"""The route that somebody has been watching for a quarter of an hour."""

_A_DAY: Final = 4
# When each route came to which stage, in days ago.
_MOVES: Final[Mapping[str, Sequence[tuple[float, Stage, float]]]] = {
    "catalog.product-list": ((52, Stage.SHADOW, 0), (45, Stage.CANARY, 0.1), (41, Stage.CANARY, 0.5)),
    "catalog.product-detail": (),
    "catalog.reviews": ((38, Stage.SHADOW, 0), (9, Stage.CANARY, 0.25)),
    "catalog.search": (
        (55, Stage.SHADOW, 0),
        (50, Stage.CANARY, 0.2),
        (44, Stage.EXTRACTED, 0),
        (12, Stage.RETIRED, 0),
    ),
    "inventory.levels": ((30, Stage.SHADOW, 0), (21, Stage.CANARY, 0.05), (14, Stage.EXTRACTED, 0)),
    "inventory.reserve": ((35, Stage.SHADOW, 0),),
    WATCHED: (
        (18, Stage.SHADOW, 0),
        (6, Stage.CANARY, 0.1),
        (13 / 1440, Stage.CANARY, 0.25),
        (4 / 1440, Stage.CANARY, 0.5),
    ),
    "orders.invoices": (),
    "payments.methods": (),
    "payments.refunds": (),
}
_RATES: Final = {"catalog": 900, "inventory": 300, "orders": 240, "payments": 60}
_ROUTE: Final = '[[routes]]\nname = "{name}"\npath = "/{context}/{rest}/<int:id>/"\ncandidate = "catalog"\n'
_BY_DEFAULT: Final = {"catalog.product-list", "catalog.product-detail", "catalog.reviews", "orders.order-list"}

MORE: Final = "".join(
    _ROUTE.format(name=name, context=name.partition(".")[0], rest=name.partition(".")[2])
    for name in _MOVES
    if name not in _BY_DEFAULT
)
"""The routes of it that the shop of these tests does not have anyway."""

PLAN: Final = """# The shop's plan

## Payments

Last of all, for an outside party has to be told.

```toml step=payments.shadow
owner = "payments team"
moves = [{ approval = "the payment provider" }, { flip = "payments.*", stage = "shadow" }]
```
"""

PATHS: Final = (
    "/products/",
    "/orders/",
    "/products/3/reviews/",
    *(f"/products/{number}/" for number in range(1, 9)),
    *(
        f"/{context}/{rest}/{number}/"
        for context, _, rest in (name.partition(".") for name in _MOVES if name not in _BY_DEFAULT)
        for number in (1, 2)
    ),
    "/about/",
)
"""What its customers ask for."""


def live(folder: Path) -> None:
    """Live through it in the state folder `folder`, before anything is started there."""
    now = time.time()
    folder.mkdir(mode=0o700, parents=True)
    _move(SQLiteToggleStore(folder / "store.db"), now)
    store = SQLiteEvidenceStore(folder / "evidence.db")
    store.scopes()
    # While somebody has the file open, its log is not folded into it after each use.
    with closing(sqlite3.connect(folder / "evidence.db")) as held:
        held.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        for number in range(_DAYS * _A_DAY, 0, -1):
            store.add_traffic(_traffic(number / _A_DAY), at=now - number * _DAY / _A_DAY)
        for number in range(_LATELY // 5):
            ago = _LATELY - 5.0 * number
            store.add_traffic(_watched(number, ago), at=now - ago)
            if number % 12 == 11:
                store.add(_compared(number, ago, now - ago), at=now - ago)


def name_code(folder: Path) -> None:
    """Say in the configuration in `folder` what is in the monolith: for each context an app, and one for what has gone
    for good. It is in force after a reload."""
    apps = {"search": 4100, **{context: 40 * rate for context, rate in _RATES.items()}}
    views = [
        View(
            (UrlForm(route=f"{place}/<int:id>/", regex=f"/{place}/[0-9]+/"),),
            f"{app}.views.shown",
            app=app,
            methods=("GET",),
        )
        for app, place in (("search", "catalog/search"), *((context, f"{context}/old") for context in _RATES))
    ]
    form = UrlForm(route="orders/", regex="/orders/")
    views.append(View((form,), "orders.views.OrderList", name="order-list", app="orders", methods=("GET", "HEAD")))
    found = tuple(App(label, label, lines=lines) for label, lines in apps.items())
    write_inventory(folder / "inventory.json", Inventory(Site("shop", "shop.urls"), views=tuple(views), apps=found))
    file = folder / "strangler.toml"
    file.write_text(file.read_text().replace("[proxy]", '[proxy]\ninventory = "inventory.json"', 1))


def _move(store: SQLiteToggleStore, now: float) -> None:
    moves = [(days, name, stage, share) for name, each in _MOVES.items() for days, stage, share in each]
    changes = [(float(_DAYS), [Toggle(name) for name in _MOVES])]
    for days, name, stage, share in sorted(moves, key=lambda each: -each[0]):
        changes.append((days, [Toggle(name, stage=stage, share=round(share * BUCKETS))]))
    for revision, (days, toggles) in enumerate(changes):
        at = datetime.fromtimestamp(now - days * _DAY, UTC)
        change = Change(toggles, who="ada@desk (ci)", why="as the plan says", at=at)
        store.commit(change, expected_revision=revision)


def _traffic(days: float) -> dict[TrafficKey, Traffic]:
    """What customers got so many days ago, more on some days than on others."""
    found = {TrafficKey("-", "monolith"): _of(400)}
    for name, moves in _MOVES.items():
        stage, share = Stage.MONOLITH, 0.0
        for when, to, of in moves:
            if when >= days:
                stage, share = to, of if to is Stage.CANARY else float(to in (Stage.EXTRACTED, Stage.RETIRED))
        requests = round(_RATES[name.partition(".")[0]] * (1 + 0.2 * ((int(days) * 7) % 5 - 2) / 2))
        for side, part in (("monolith", 1 - share), ("candidate", share)):
            if part:
                found[TrafficKey(name, side, stage.value, "v1" if side == "candidate" else "")] = _of(
                    round(requests * part)
                )
    return found


def _watched(number: int, ago: float) -> dict[TrafficKey, Traffic]:
    """What customers got of the watched route in five seconds, so many seconds ago: more at times."""
    share = [share for days, _, share in _MOVES[WATCHED] if days * _DAY >= ago][-1]
    requests = round(7 + 2 * math.sin(number / 9) + math.sin(number * 1.7))
    new = round(requests * share + 0.4 * math.sin(number * 2.3))
    release = "v1" if ago <= _MENDED else "v0"
    return {
        TrafficKey(WATCHED, "monolith", "canary"): _of(requests - new, 6, slow=1),
        TrafficKey(WATCHED, "candidate", "canary", release): _of(new, 4),
    }


def _compared(number: int, ago: float, at: float) -> Batch:
    """The pairs of the watched route in the minute so many seconds ago."""
    mended = ago <= _MENDED
    differ = (0, 0, 1)[number // 12 % 3] if mended else 2 + number // 12 % 3
    batch, scope = Batch(), Scope(WATCHED, "v1" if mended else "v0", Rules().revision)
    for verdict, count in ((Verdict.AGREE, 70 - differ), (Verdict.DIFFER, differ)):
        if count:
            batch.pair(
                scope,
                template="/orders/",
                method="GET",
                status=200,
                stage="canary",
                answering="candidate",
                verdict=verdict,
                at=at,
                count=count,
            )
    if differ:
        total = Difference("$[*].total", DifferenceKind.VALUE, "12.90", "12.9")
        batch.difference(scope, template="/orders/", difference=total, at=at, count=differ)
    batch.distinct(scope, what="targets", hash64=hash64(b"/orders/"))
    return batch


def _of(requests: int, bucket: int = 5, *, slow: int = 0) -> Traffic:
    """So many answers, most of them in a bucket of durations, and `slow` of them in the next but one."""
    buckets = [0] * (len(BOUNDS) + 1)
    slow = min(slow, requests)
    buckets[bucket] = requests - slow
    buckets[bucket + 2] += slow
    return Traffic(requests, 0, 0, requests * 0.02, tuple(buckets))
