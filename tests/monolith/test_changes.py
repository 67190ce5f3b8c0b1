from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, transaction

from monolith.catalog import changes
from monolith.catalog import services as catalog
from monolith.catalog.models import Category, Product, Review
from monolith.inventory import services as inventory
from tests.monolith.conftest import MakeCategory, MakeProduct, MakeReview

# Real commits: on PostgreSQL a reader sees nothing of a transaction still running, the test's own included.
pytestmark = pytest.mark.django_db(transaction=True)


def end() -> changes.Position:
    return changes.page(limit=100_000).next


def since(position: changes.Position) -> list[tuple[str, int, str]]:
    return [(e.kind, e.object_id, e.op) for e in changes.page(position, 1000).entries]


def test_save_and_delete_are_logged_and_one_object_has_one_entry(make_category: MakeCategory) -> None:
    start = end()
    category = make_category()
    pk = category.pk
    category.name = "Other"
    category.save()
    assert since(start) == [("category", pk, "upsert")]
    category.delete()
    assert since(start) == [("category", pk, "delete")]


def test_bulk_writes_are_logged(make_category: MakeCategory) -> None:
    home = make_category()
    start = end()
    made = Product.objects.bulk_create(
        Product(sku=f"B{i}", slug=f"b{i}", name=f"B {i}", price=Decimal(1), category=home) for i in range(1200)
    )
    assert since(start)[:1000] == [("product", p.pk, "upsert") for p in made][:1000]
    start = end()
    Product.objects.filter(pk__in=[made[3].pk, made[1].pk]).update(name="Both")
    assert since(start) == [("product", made[1].pk, "upsert"), ("product", made[3].pk, "upsert")]
    start = end()
    made[5].name = "Five"
    Product.objects.bulk_update([made[5]], ["name"])
    assert since(start) == [("product", made[5].pk, "upsert")]
    start = end()
    Product.objects.filter(pk__in=[made[7].pk, made[8].pk]).delete()
    assert sorted(since(start)) == [("product", made[7].pk, "delete"), ("product", made[8].pk, "delete")]
    start = end()
    Product.objects.update_or_create(sku="B9", defaults={"name": "Nine"})
    assert since(start) == [("product", made[9].pk, "upsert")]


def test_an_update_of_the_column_it_filters_by_is_logged(make_product: MakeProduct) -> None:
    product = make_product()
    start = end()
    Product.objects.filter(is_published=True).update(is_published=False)
    assert since(start) == [("product", product.pk, "upsert")]


def test_a_bulk_create_whose_ids_would_stay_unknown_is_refused(make_category: MakeCategory) -> None:
    with pytest.raises(NotImplementedError, match="needs every id"):
        Category.objects.bulk_create([Category(name="A", slug="a")], ignore_conflicts=True)


def test_deleting_a_product_leaves_a_tombstone_for_each_of_its_reviews(make_review: MakeReview) -> None:
    review = make_review()
    pk, product_pk = review.pk, review.product_id
    start = end()
    Product.objects.filter(pk=product_pk).delete()
    assert sorted(since(start)) == [("product", product_pk, "delete"), ("review", pk, "delete")]


def test_a_review_changes_its_product_too(make_product: MakeProduct, make_review: MakeReview) -> None:
    product = make_product()
    start = end()
    review = make_review(product, stars=5)
    assert sorted(since(start)) == [("product", product.pk, "upsert"), ("review", review.pk, "upsert")]
    make_review(product, stars=4, is_approved=False)
    product.refresh_from_db()
    assert (product.rating_sum, product.review_count, product.rating) == (5, 1, Decimal("5.00"))
    catalog.approve_reviews(Review.objects.values_list("pk", flat=True))
    make_review(product, stars=4)
    product.refresh_from_db()
    assert product.rating == Decimal("4.33")
    review.delete()
    product.refresh_from_db()
    assert (product.rating_sum, product.review_count) == (8, 2)
    Review.objects.all().delete()
    product.refresh_from_db()
    assert product.rating is None


def test_stock_and_sale_prices_are_changes(make_product: MakeProduct) -> None:
    product, other = make_product(), make_product(sale_price=Decimal("9.00"))
    start = end()
    inventory.set_on_hand({product.pk: 9})
    assert since(start) == [("product", product.pk, "upsert")]
    start = end()
    assert catalog.set_sale_prices({product.pk: Decimal("8.00")}) == 2
    assert sorted(since(start)) == [("product", product.pk, "upsert"), ("product", other.pk, "upsert")]
    start = end()
    assert catalog.set_sale_prices({product.pk: Decimal("8.00")}) == 0
    assert since(start) == []


def test_saving_a_loaded_product_keeps_what_others_wrote_meanwhile(make_product: MakeProduct) -> None:
    product = make_product(stock=10)
    inventory.set_on_hand({product.pk: 0})
    product.name = "New name"
    product.save()
    product.refresh_from_db()
    assert (product.name, product.availability) == ("New name", "out_of_stock")


def test_a_change_taken_back_leaves_no_entry(make_category: MakeCategory) -> None:
    start = end()
    with transaction.atomic():
        make_category()
        transaction.set_rollback(True)
    assert since(start) == []


def test_pages_follow_each_other_without_gap(make_category: MakeCategory) -> None:
    made = [make_category().pk for _ in range(5)]
    seen: list[int] = []
    at, more = changes.START, True
    while more:
        page = changes.page(at, 2)
        seen += [entry.object_id for entry in page.entries]
        at, more = page.next, page.more
    assert seen == made
    assert changes.page(at).next == at


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_reader_waits_for_the_transaction_that_began_first(make_category: MakeCategory) -> None:
    def in_another_connection() -> int:
        try:
            return make_category().pk
        finally:
            connection.close()

    start = end()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            slow = make_category().pk
            quick = pool.submit(in_another_connection).result(timeout=20)
            assert pool.submit(seen_elsewhere, start).result(timeout=20) == []
        assert since(start) == [("category", slow, "upsert"), ("category", quick, "upsert")]


def seen_elsewhere(position: changes.Position) -> list[tuple[str, int, str]]:
    try:
        return since(position)
    finally:
        connection.close()
