"""What every store must do. A subclass gives the fixture `store`, empty and ready."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from extracted.catalog.domain import Category, CategoryPath, Criteria, Order, Product, Review, SortBy
from extracted.catalog.errors import PositionMoved
from extracted.catalog.store import Position, Rejection, Store
from tests.extracted.catalog.store.things import a_category, a_product, a_review

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fill(store: Store, *things: Category | Product | Review, run: int = 1) -> None:
    with store.writing() as writing:
        writing.put(things, run)
        writing.place_categories()


def rejection(kind: str, id_: int, at: datetime = NOON) -> Rejection:
    return Rejection(kind, id_, "price", "'x'", "is no decimal", "Send a decimal.", at)


def found(store: Store, *order: Order, offset: int = 0, limit: int = 100, **criteria: object) -> list[int]:
    asked = Criteria(**criteria)  # type: ignore[arg-type]
    with store.reading() as reading:
        listings = reading.listings(asked, order, offset, limit)
        if not offset and limit == 100:
            assert reading.count(asked) == len(listings)
        return [listing.product.id for listing in listings]


class StoreConformance:
    def test_a_product_comes_back_as_it_was_put(self, store: Store) -> None:
        put = a_product(
            7,
            2,
            sale_price="0.01",
            attributes={"zzz": "1", "a": "„2“", "": ""},
            image="products/x.jpg",
            weight_grams=None,
            rating_sum=13,
            review_count=3,
            created_at="1969-12-31T23:59:59.999999Z",
            updated_at="2026-01-01T00:00:00.000001Z",
        )
        fill(store, a_category(1, "kitchen"), a_category(2, "knives", 1), put)
        with store.reading() as reading:
            listing = reading.listing(7)
        assert listing is not None
        assert listing.product == put
        assert (listing.shelf.id, listing.shelf.slug, listing.shelf.name) == (2, "knives", "Knives")
        assert listing.shelf.path == CategoryPath("kitchen/knives")
        assert listing.shelf.parent_id == 1

    def test_a_product_is_replaced_by_one_of_its_id(self, store: Store) -> None:
        fill(store, a_category(1), a_product(1))
        fill(store, a_product(1, price="1.00"), a_product(1, price="2.00"))
        with store.reading() as reading:
            listing = reading.listing(1)
            assert listing is not None
            assert listing.product.price.minor == 200
            assert reading.tally().products == 1

    def test_a_product_waits_for_its_category(self, store: Store) -> None:
        fill(store, a_product(1, 9))
        with store.reading() as reading:
            assert reading.listing(1) is None
            assert reading.tally().waiting == 1
        assert found(store) == []
        fill(store, a_category(9))
        assert found(store) == [1]
        with store.reading() as reading:
            assert reading.tally().waiting == 0

    def test_a_category_waits_for_its_parent_and_what_stands_in_it_with_it(self, store: Store) -> None:
        fill(store, a_category(2, "knives", 1), a_product(1, 2))
        with store.reading() as reading:
            assert reading.shelves() == []
            assert reading.shelf("knives") is None
            assert (reading.tally().unplaced, reading.tally().waiting) == (1, 1)
        assert found(store) == []
        fill(store, a_category(1, "kitchen"))
        assert found(store) == [1]

    def test_a_category_that_moves_takes_along_what_is_below_it(self, store: Store) -> None:
        fill(store, a_category(1, "kitchen"), a_category(2, "knives", 1), a_category(3, "paring", 2))
        fill(store, a_category(2, "blades"))
        with store.reading() as reading:
            assert [shelf.path.text for shelf in reading.shelves()] == ["blades", "blades/paring", "kitchen"]

    def test_categories_come_by_path_and_count_what_is_on_sale_in_them(self, store: Store) -> None:
        fill(
            store,
            a_category(1, "kitchen"),
            a_category(2, "knives", 1),
            a_category(3, "kitchen-2"),
            a_category(4, "Garden"),
            a_product(1, 2),
            a_product(2, 2, is_discontinued=True),
            a_product(3, 2, is_published=False),
            a_product(4, 1),
            a_product(5, 2),
        )
        with store.reading() as reading:
            shelves = [(shelf.path.text, shelf.products) for shelf in reading.shelves()]
        assert shelves == [("Garden", 0), ("kitchen", 1), ("kitchen-2", 0), ("kitchen/knives", 2)]

    def test_only_what_is_on_sale_is_listed(self, store: Store) -> None:
        fill(
            store,
            a_category(1),
            a_product(1),
            a_product(2, is_discontinued=True),
            a_product(3, is_published=False),
        )
        assert found(store) == [1]
        with store.reading() as reading:
            assert [listing.product.id for listing in reading.listings_of([3, 2, 1, 99])] == [1, 2, 3]
            assert [listing.product.id for listing in reading.listings_after(1, 10)] == [2, 3]
            assert [listing.product.id for listing in reading.listings_after(0, 2)] == [1, 2]
            assert reading.listings_of([]) == []

    def test_a_category_is_asked_for_with_all_below_it(self, store: Store) -> None:
        fill(
            store,
            a_category(1, "kit_hen"),
            a_category(2, "knives", 1),
            a_category(3, "kitchen"),
            a_category(4, "kit_hens"),
            a_product(1, 1),
            a_product(2, 2),
            a_product(3, 3),
            a_product(4, 4),
        )
        assert found(store, below=CategoryPath("kit_hen")) == [1, 2]
        assert found(store, below=CategoryPath("kit_hen/knives")) == [2]
        assert found(store, below=CategoryPath("kit")) == []

    def test_all_terms_must_occur_in_name_sku_or_description(self, store: Store) -> None:
        fill(
            store,
            a_category(1),
            a_product(1, name="Chef's Knife", sku="K-1", description="Steel."),
            a_product(2, name="Spoon", sku="KNIFE-2", description="Wood."),
            a_product(3, name="Fork", sku="F-3", description="Goes with a knife of steel."),
        )
        assert found(store, terms=("KNIFE",)) == [1, 2, 3]
        assert found(store, terms=("knife", "steel")) == [1, 3]
        assert found(store, terms=("chef's",)) == [1]
        assert found(store, terms=("nothing",)) == []
        assert found(store, terms=()) == [1, 2, 3]

    def test_wildcards_in_a_term_mean_themselves(self, store: Store) -> None:
        fill(
            store,
            a_category(1),
            a_product(1, name="100% wool"),
            a_product(2, name="100 wool"),
            a_product(3, name="a_b"),
            a_product(4, name="acb"),
            a_product(5, name="back\\slash"),
        )
        assert found(store, terms=("0%",)) == [1]
        assert found(store, terms=("a_b",)) == [3]
        assert found(store, terms=("k\\s",)) == [5]
        assert found(store, terms=("%",)) == [1]

    def test_prices_bound_the_list_price(self, store: Store) -> None:
        fill(
            store,
            a_category(1),
            a_product(1, price="9.99"),
            a_product(2, price="10.00", sale_price="1.00"),
            a_product(3, price="10.01"),
        )
        assert found(store, min_price=1000) == [2, 3]
        assert found(store, max_price=1000) == [1, 2]
        assert found(store, min_price=1000, max_price=1000) == [2]
        assert found(store, min_price=-5, max_price=10**17) == [1, 2, 3]

    def test_what_is_in_stock_can_be_asked_for_and_what_is_not(self, store: Store) -> None:
        fill(
            store,
            a_category(1),
            a_product(1),
            a_product(2, availability="low"),
            a_product(3, availability="out_of_stock"),
        )
        assert found(store, in_stock=True) == [1, 2]
        assert found(store, in_stock=False) == [3]

    @pytest.mark.parametrize(
        ("by", "ascending", "descending"),
        [
            (SortBy.PRICE, [3, 1, 2, 4], [4, 1, 2, 3]),
            (SortBy.NAME, [4, 3, 1, 2], [1, 2, 3, 4]),
            (SortBy.CREATED, [1, 3, 4, 2], [2, 1, 3, 4]),
            (SortBy.RATING, [1, 4, 3, 2], [2, 3, 1, 4]),
        ],
    )
    def test_equal_ones_are_sorted_by_id_in_either_direction(
        self, store: Store, by: SortBy, ascending: list[int], descending: list[int]
    ) -> None:
        moment = "2026-01-01T00:00:00Z"
        fill(
            store,
            a_category(1),
            a_product(1, price="9.00", name="pan", created_at=moment),
            a_product(
                2, price="9.00", name="pan", created_at="2026-01-01T00:00:00.000001Z", rating_sum=5, review_count=1
            ),
            a_product(3, price="8.99", name="cup", created_at=moment, rating_sum=499, review_count=100),
            a_product(4, price="100.00", name="bowl", created_at=moment),
        )
        assert found(store, Order(by)) == ascending
        assert found(store, Order(by, descending=True)) == descending

    def test_a_second_key_sorts_what_the_first_leaves_equal(self, store: Store) -> None:
        fill(
            store,
            a_category(1),
            a_product(1, price="1.00", name="a"),
            a_product(2, price="1.00", name="b"),
            a_product(3, price="2.00", name="a"),
        )
        assert found(store, Order(SortBy.PRICE), Order(SortBy.NAME, descending=True)) == [2, 1, 3]

    def test_a_part_of_the_list_can_be_had(self, store: Store) -> None:
        fill(store, a_category(1), *(a_product(i) for i in range(1, 11)))
        assert found(store, offset=4, limit=3) == [5, 6, 7]
        assert found(store, offset=9, limit=3) == [10]
        assert found(store, offset=50, limit=3) == []

    def test_approved_reviews_come_newest_first(self, store: Store) -> None:
        moment = "2026-02-01T00:00:00Z"
        fill(
            store,
            a_review(1, 7, created_at=moment),
            a_review(2, 7, created_at="2026-02-02T00:00:00Z"),
            a_review(3, 7, created_at=moment),
            a_review(4, 7, is_approved=False),
            a_review(5, 8),
        )
        with store.reading() as reading:
            assert [review.id for review in reading.reviews(7, 0, 10)] == [2, 3, 1]
            assert [review.id for review in reading.reviews(7, 1, 1)] == [3]
            assert reading.count_reviews(7) == 3
            assert reading.reviews(8, 0, 1) == [a_review(5, 8)]

    def test_what_is_removed_is_gone_and_removing_it_again_is_no_matter(self, store: Store) -> None:
        fill(store, a_category(1), a_product(1), a_review(1, 1))
        for _ in range(2):
            with store.writing() as writing:
                writing.remove([("product", 1), ("review", 1), ("bundle", 1)])
        with store.reading() as reading:
            tally = reading.tally()
        assert (tally.categories, tally.products, tally.reviews) == (1, 0, 0)

    def test_a_writing_that_fails_writes_nothing(self, store: Store) -> None:
        def write_and_fail() -> None:
            with store.writing() as writing:
                writing.put([a_category(1), a_product(1)], 1)
                writing.move(Position(), Position("5", 1))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        with store.reading() as reading:
            assert reading.position() == Position()
            assert reading.tally().products == 0

    def test_the_position_moves_only_from_where_it_is(self, store: Store) -> None:
        first, second = Position("5", 1, complete=False, sweeping=True), Position("9", 1, complete=True)
        with store.writing() as writing:
            writing.move(Position(), first)
        with store.writing() as writing:
            writing.move(first, second)
        for stale in (Position(), first, replace(second, run=2)):
            with pytest.raises(PositionMoved), store.writing() as writing:
                writing.move(stale, Position("7", 1))
        with store.reading() as reading:
            assert reading.position() == second

    def test_a_rejection_is_kept_once_and_forgotten_when_the_row_is_put_right_or_removed(self, store: Store) -> None:
        later = NOON.replace(hour=13)
        with store.writing() as writing:
            writing.reject([rejection("product", 1), rejection("product", 2), rejection("review", 1)], 1)
            writing.reject([rejection("product", 2, later), rejection("bundle", 5)], 1)
        with store.reading() as reading:
            kept = [(r.kind, r.id) for r in reading.rejections(10)]
            assert kept == [("product", 2), ("bundle", 5), ("product", 1), ("review", 1)]
            assert reading.rejections(1) == [rejection("product", 2, later)]
        with store.writing() as writing:
            writing.put([a_product(2)], 1)
            writing.remove([("review", 1)])
        with store.reading() as reading:
            assert [(r.kind, r.id) for r in reading.rejections(10)] == [("bundle", 5), ("product", 1)]
            assert reading.tally().rejected == 2

    def test_a_sweep_takes_out_what_the_walk_has_not_met(self, store: Store) -> None:
        fill(store, a_category(1), a_product(1), a_product(2), a_product(3), a_review(1, 1))
        with store.writing() as writing:
            writing.reject([rejection("product", 9)], 1)
            writing.put([a_category(1), a_product(2)], 2)
            writing.reject([rejection("product", 3)], 2)
            assert writing.sweep(2) == 2
        assert found(store) == [2, 3]
        with store.reading() as reading:
            assert [(r.kind, r.id) for r in reading.rejections(10)] == [("product", 3)]

    def test_one_reading_sees_one_moment(self, store: Store) -> None:
        fill(store, a_category(1), a_product(1))
        with store.reading() as reading:
            assert reading.count(Criteria()) == 1
            in_thread(lambda: fill(store, a_product(2)))
            assert reading.count(Criteria()) == 1
        assert found(store) == [1, 2]

    def test_writers_wait_for_each_other(self, store: Store) -> None:
        fill(store, a_category(1))
        threads = [threading.Thread(target=fill, args=(store, a_product(i))) for i in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found(store) == list(range(1, 9))


def in_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
