from __future__ import annotations

from collections.abc import Callable

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted.catalog.domain import Criteria
from extracted.catalog.errors import FeedGarbled, FeedUnavailable, PositionMoved
from extracted.catalog.importer import Feed, Importer, Step
from extracted.catalog.store import MemoryStore, Store
from tests.extracted.catalog import rows
from tests.extracted.catalog.rows import MONOLITH, TOKEN, FakeMonolith


def run(
    store: Store, monolith: FakeMonolith, *, page: int = 500, steps: int | None = None, anew: bool = False
) -> list[Step]:
    """Takes steps to the end of the feed, or so many."""

    async def walk() -> list[Step]:
        feed = Feed(MONOLITH, TOKEN, monolith.transport())
        importer = Importer(store, feed, page)
        taken: list[Step] = []
        try:
            if anew:
                await importer.start_anew()
            while not taken or (taken[-1].more and (steps is None or len(taken) < steps)):
                taken.append(await importer.step())
        finally:
            await feed.close()
        return taken

    return anyio.run(walk)


def names(store: Store) -> dict[int, str]:
    with store.reading() as reading:
        return {listing.product.id: listing.product.name for listing in reading.listings(Criteria(), (), 0, 1000)}


@pytest.fixture
def full(monolith: FakeMonolith) -> FakeMonolith:
    monolith.put("category", rows.category(1))
    monolith.put("product", *(rows.product(i) for i in range(1, 11)))
    monolith.put("review", rows.review(1, 1))
    return monolith


def test_the_first_walk_takes_in_everything_and_is_complete_at_the_end(store: Store, full: FakeMonolith) -> None:
    run(store, full, page=5, steps=1)
    with store.reading() as reading:
        assert not reading.position().complete
        assert reading.position().sweeping
    assert [step.applied for step in run(store, full, page=5)] == [5, 2]
    with store.reading() as reading:
        assert reading.position().complete
        assert not reading.position().sweeping
    assert len(names(store)) == 10


def test_an_import_that_is_cut_off_goes_on_where_it_was(store: Store, full: FakeMonolith) -> None:
    run(store, full, page=3, steps=2)
    asked = len(full.requests)
    run(store, full, page=3)
    assert full.requests[asked].url.params["since"] == "a:6"


def test_a_second_walk_changes_nothing_and_writes_nothing(full: FakeMonolith) -> None:
    store = CountingStore()
    run(store, full)
    written = store.writings
    assert run(store, full) == [Step(0, 0, 0, more=False)]
    assert store.writings == written


def test_changes_and_tombstones_are_followed(store: Store, full: FakeMonolith) -> None:
    run(store, full)
    full.put("product", rows.product(3, name="New name"))
    full.delete("product", 4)
    full.delete("review", 1)
    full.delete("review", 77)
    run(store, full)
    assert names(store)[3] == "New name"
    assert 4 not in names(store)
    with store.reading() as reading:
        assert reading.tally().reviews == 0


def test_a_product_may_come_before_its_category_and_a_category_before_its_parent(
    store: Store, monolith: FakeMonolith
) -> None:
    monolith.put("product", rows.product(1, 3))
    monolith.put("category", rows.category(3, "paring", 2), rows.category(2, "knives", 1), rows.category(1, "kitchen"))
    for _ in range(3):
        run(store, monolith, page=1, steps=1)
        assert names(store) == {}
    run(store, monolith, page=1)
    with store.reading() as reading:
        listing = reading.listing(1)
    assert listing is not None
    assert listing.shelf.path.text == "kitchen/knives/paring"


def test_a_row_that_cannot_be_translated_is_skipped_and_noted_and_its_last_version_stays(
    store: Store, full: FakeMonolith
) -> None:
    run(store, full)
    full.put("product", rows.product(3, name="Unknown", availability="soon"), rows.product(5, name="Known"))
    full.put("bundle", {"id": 9})
    assert run(store, full) == [Step(applied=1, rejected=2, swept=0, more=False)]
    assert (names(store)[3], names(store)[5]) == ("Product 3", "Known")
    with store.reading() as reading:
        kept = {(r.kind, r.id): r for r in reading.rejections(10)}
    assert kept["product", 3].field == "availability"
    assert kept["product", 3].value == "'soon'"
    assert kept["bundle", 9].field == "kind"
    full.put("product", rows.product(3, name="Put right"))
    run(store, full)
    assert names(store)[3] == "Put right"
    with store.reading() as reading:
        assert [(r.kind, r.id) for r in reading.rejections(10)] == [("bundle", 9)]


def test_a_monolith_with_another_database_is_read_anew_and_what_it_lacks_is_taken_out(
    store: Store, full: FakeMonolith
) -> None:
    run(store, full)
    full.replaced_by_another()
    full.put("category", rows.category(1))
    full.put("product", rows.product(2, name="Other"), rows.product(50))
    steps = run(store, full, page=2)
    assert steps[-1].swept == 10
    assert names(store) == {2: "Other", 50: "Product 50"}


def test_while_it_is_read_anew_what_was_there_is_still_served(store: Store, full: FakeMonolith) -> None:
    run(store, full)
    run(store, full, anew=True, page=2, steps=1)
    assert len(names(store)) == 10
    with store.reading() as reading:
        assert reading.position().complete
    run(store, full, page=2)
    assert len(names(store)) == 10


def test_a_rejected_row_that_was_good_once_outlives_the_reading_anew(store: Store, full: FakeMonolith) -> None:
    run(store, full)
    full.put("product", rows.product(3, price="?"))
    run(store, full, anew=True)
    assert names(store)[3] == "Product 3"


def test_a_failing_feed_changes_nothing(store: Store, full: FakeMonolith) -> None:
    run(store, full)
    full.answer_with = httpx.ConnectError("refused")
    with pytest.raises(FeedUnavailable):
        run(store, full)
    assert len(names(store)) == 10


def test_a_feed_that_leads_nowhere_is_garbled(store: Store, monolith: FakeMonolith) -> None:
    monolith.answer_with = httpx.Response(200, json={"changes": [], "next": "", "more": True})
    with pytest.raises(FeedGarbled, match="no way to it"):
        run(store, monolith)
    monolith.answer_with = httpx.Response(400)
    with pytest.raises(FeedGarbled, match="refuses even to begin"):
        run(store, monolith)


def test_of_two_importers_the_slower_writes_nothing(store: Store, full: FakeMonolith) -> None:
    async def race() -> None:
        slow_may_go = anyio.Event()
        waiting = anyio.Event()

        class SlowFeed(Feed):
            async def page(self, since: str, limit: int):  # type: ignore[no-untyped-def]
                page = await super().page(since, limit)
                waiting.set()
                await slow_may_go.wait()
                return page

        feeds = [SlowFeed(MONOLITH, TOKEN, full.transport()), Feed(MONOLITH, TOKEN, full.transport())]
        slow, fast = (Importer(store, feed, 5) for feed in feeds)
        async with anyio.create_task_group() as group:
            group.start_soon(lost, slow)
            await waiting.wait()
            await fast.step()
            slow_may_go.set()
        for feed in feeds:
            await feed.close()

    async def lost(importer: Importer) -> None:
        with pytest.raises(PositionMoved):
            await importer.step()

    anyio.run(race)
    run(store, full)
    assert len(names(store)) == 10


class CountingStore(MemoryStore):
    writings = 0

    def writing(self):  # type: ignore[no-untyped-def]
        self.writings += 1
        return super().writing()


events = st.lists(
    st.tuples(
        st.sampled_from(["category", "product", "review"]),
        st.integers(min_value=1, max_value=4),
        st.sampled_from(["good", "bad", "gone"]),
        st.integers(min_value=1, max_value=4),
        st.booleans(),
    ),
    max_size=40,
)
_MAKERS: dict[str, Callable[[int, int], dict[str, object]]] = {
    "category": lambda id_, other: rows.category(id_, parent=None if other >= id_ else other),
    "product": lambda id_, other: rows.product(id_, other),
    "review": lambda id_, other: rows.review(id_, other),
}


@given(events, st.integers(min_value=1, max_value=7))
def test_following_step_by_step_ends_where_reading_all_at_once_does(
    history: list[tuple[str, int, str, int, bool]], page: int
) -> None:
    monolith, followed, at_once = FakeMonolith(), MemoryStore(), MemoryStore()
    for kind, id_, what, other, look in history:
        if what == "gone":
            monolith.delete(kind, id_)
        else:
            monolith.put(
                kind, _MAKERS[kind](id_, other) | ({} if what == "good" else {"id": "?"} | {"id": id_, "name": 5})
            )
        if look:
            run(followed, monolith, page=page, steps=1)
    # A bad row keeps the version before it only for whoever has seen that: put all right before comparing.
    for kind, id_, what, other, _ in history:
        if what == "bad" and monolith.entries[kind, id_][1] == "upsert":
            monolith.put(kind, _MAKERS[kind](id_, other))
    run(followed, monolith, page=page)
    run(at_once, monolith)
    with followed.reading() as one, at_once.reading() as other:  # type: ignore[assignment]
        assert one.tally() == other.tally()  # type: ignore[attr-defined]
        assert one.shelves() == other.shelves()  # type: ignore[attr-defined]
        assert one.listings_after(0, 99) == other.listings_after(0, 99)  # type: ignore[attr-defined]
        for product_id in range(1, 5):
            assert one.reviews(product_id, 0, 99) == other.reviews(product_id, 0, 99)  # type: ignore[attr-defined]
