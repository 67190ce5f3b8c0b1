from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from monolith.catalog import changes
from monolith.catalog.feed import BadCursor, log_id, read_cursor, write_cursor
from monolith.catalog.models import Category, Product
from monolith.inventory import services as inventory
from tests.monolith.conftest import MakeCategory, MakeProduct, MakeReview

Feed = Callable[..., dict[str, Any]]

# Real commits: on PostgreSQL a reader sees nothing of a transaction still running, the test's own included.
committing = pytest.mark.django_db(transaction=True)
PATH = "/internal/catalog/changes/"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


@pytest.fixture
def feed(client: Client, settings: Any) -> Feed:
    settings.CATALOG_FEED_TOKEN = "right"

    def ask(since: str = "", **parameters: str | int) -> dict[str, Any]:
        answer = client.get(PATH, parameters | {"since": since}, headers={"authorization": "Bearer right"})
        assert answer.status_code == 200, answer.content
        body: dict[str, Any] = answer.json()
        return body

    return ask


def follow(feed: Feed, since: str = "", limit: int = 2) -> list[dict[str, Any]]:
    """Everything from there to the end, page by page."""
    found = []
    while True:
        page = feed(since, limit=limit)
        found += page["changes"]
        since = page["next"]
        if not page["more"]:
            return found


def named(entries: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return [(each["kind"], each["id"], each["op"]) for each in entries]


@committing
def test_each_kind_is_sent_in_the_monolith_s_own_shape(
    feed: Feed, make_category: MakeCategory, make_product: MakeProduct, make_review: MakeReview
) -> None:
    top = make_category("Top", slug="top", sort_order=3)
    product = make_product(
        category=top, sku="A-1", slug="a", name="Ä", description="D", price=Decimal("89.90"), stock=7,
        attributes={"b": "2", "a": "1"}, weight_grams=5, image="products/x.jpg", created_at=MOMENT,
    )  # fmt: skip
    review = make_review(product, stars=4, created_at=MOMENT)
    product.refresh_from_db()
    sent = {each["kind"]: each for each in follow(feed)}
    assert sent["category"]["data"] == {
        "id": top.pk, "name": "Top", "slug": "top", "parent_id": None, "sort_order": 3,
    }  # fmt: skip
    assert sent["product"]["data"] == {
        "id": product.pk, "sku": "A-1", "slug": "a", "name": "Ä", "description": "D", "category_id": top.pk,
        "price": "89.90", "sale_price": None, "currency": "EUR", "tax_rate": "19.00", "availability": "in_stock",
        "stock_on_hand": 7, "is_published": True, "is_discontinued": False, "attributes": {"a": "1", "b": "2"},
        "weight_grams": 5, "image": "products/x.jpg", "rating_sum": 4, "review_count": 1,
        "created_at": "2026-01-02T03:04:05.678901Z",
        "updated_at": product.updated_at.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    assert sent["review"]["data"] == {
        "id": review.pk, "product_id": product.pk, "author_name": "Ada", "stars": 4, "title": "Good",
        "body": "I use it daily.", "is_approved": True, "created_at": "2026-01-02T03:04:05.678901Z",
    }  # fmt: skip
    assert set(sent["review"]) == {"cursor", "kind", "id", "op", "at", "data"}
    assert sent["review"]["at"].endswith("Z")


@committing
def test_the_feed_is_resumed_where_it_was_left(feed: Feed, make_category: MakeCategory) -> None:
    ids = [make_category().pk for _ in range(5)]
    first = feed(limit=2)
    assert (len(first["changes"]), first["more"]) == (2, True)
    assert first["next"] == first["changes"][-1]["cursor"]
    rest = follow(feed, first["next"])
    assert [each["id"] for each in first["changes"] + rest] == ids
    end = rest[-1]["cursor"]
    nothing = feed(end)
    assert nothing == {"changes": [], "next": end, "more": False}
    newest = make_category()
    assert named(feed(end)["changes"]) == [("category", newest.pk, "upsert")]


@committing
def test_an_empty_catalogue_has_a_cursor_to_go_on_from(feed: Feed) -> None:
    page = feed()
    assert page["changes"] == []
    category = Category.objects.create(name="One", slug="one")
    assert named(feed(page["next"])["changes"]) == [("category", category.pk, "upsert")]


@committing
def test_what_was_deleted_stays_as_a_tombstone(feed: Feed, make_product: MakeProduct, make_review: MakeReview) -> None:
    product = make_product()
    review = make_review(product)
    product_id, review_id, category_id = product.pk, review.pk, product.category_id
    end = follow(feed)[-1]["cursor"]
    product.delete()
    entries = follow(feed, end)
    assert sorted(named(entries)) == [("product", product_id, "delete"), ("review", review_id, "delete")]
    assert [each["data"] for each in entries] == [None, None]
    assert ("category", category_id, "upsert") in named(follow(feed))


@committing
def test_an_update_while_a_reader_pages_is_seen_as_the_newer_state(feed: Feed, make_category: MakeCategory) -> None:
    one, two, three = (make_category(f"Old{n}") for n in range(3))
    first = feed(limit=1)
    assert first["changes"][0]["data"]["name"] == "Old0"
    for category in (one, three):
        category.name = f"New{category.pk}"
        category.save()
    rest = follow(feed, first["next"], limit=1)
    assert [(each["id"], each["data"]["name"]) for each in rest] == [
        (two.pk, "Old1"),
        (one.pk, f"New{one.pk}"),
        (three.pk, f"New{three.pk}"),
    ]


@committing
def test_what_is_deleted_between_log_and_object_is_sent_as_deleted(
    feed: Feed, make_category: MakeCategory, monkeypatch: pytest.MonkeyPatch
) -> None:
    category = make_category()
    pk = category.pk
    read = changes.page

    def read_and_lose(*arguments: Any) -> changes.Page:
        page = read(*arguments)
        monkeypatch.setattr(changes, "page", read)
        category.delete()
        return page

    monkeypatch.setattr(changes, "page", read_and_lose)
    page = feed()
    assert (named(page["changes"]), page["changes"][0]["data"]) == ([("category", pk, "delete")], None)
    assert named(feed(page["next"])["changes"]) == [("category", pk, "delete")]


@committing
def test_units_that_move_are_news_of_their_product(feed: Feed, make_product: MakeProduct) -> None:
    product = make_product(stock=10)
    end = follow(feed)[-1]["cursor"]
    inventory.set_on_hand({product.pk: 9})
    (entry,) = feed(end)["changes"]
    assert (entry["id"], entry["data"]["stock_on_hand"]) == (product.pk, 9)


@committing
def test_a_page_takes_seven_queries_however_long(
    feed: Feed, make_product: MakeProduct, make_review: MakeReview, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_review(make_product())
    first = feed(limit=1)
    with django_assert_max_num_queries(7):
        assert len(feed(first["next"], limit=1000)["changes"]) == 14


@committing
def test_bounds_of_limit_and_cursor_are_kept(client: Client, settings: Any) -> None:
    settings.CATALOG_FEED_TOKEN = "right"
    headers = {"authorization": "Bearer right"}
    for limit in ("0", "1001", "-1", "x", "1e2", "٣", "9" * 5000):
        answer = client.get(PATH, {"limit": limit}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_limit")
    huge, padded = write_cursor(log_id(), changes.Position(2**63, 0)), write_cursor(log_id(), changes.START) + "="
    for since in ("x", "AAAA", "ünïcode", huge, padded):
        answer = client.get(PATH, {"since": since}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_cursor")
    assert client.get(PATH, {"limit": "1000"}, headers=headers).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("authorization", ["", "right", "Bearer", "Bearer wrong", "Basic right", "Bearer rïght"])
def test_nobody_reads_the_feed_without_its_token(client: Client, settings: Any, authorization: str) -> None:
    settings.CATALOG_FEED_TOKEN = "right"
    answer = client.get(PATH, headers={"authorization": authorization} if authorization else {})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.django_db
def test_an_empty_token_opens_nothing(client: Client, settings: Any) -> None:
    settings.CATALOG_FEED_TOKEN = ""
    assert client.get(PATH, headers={"authorization": "Bearer "}).status_code == 401


@pytest.mark.django_db
def test_the_feed_is_only_read_and_never_kept(client: Client, settings: Any) -> None:
    settings.CATALOG_FEED_TOKEN = "right"
    headers = {"authorization": "Bearer right"}
    assert client.post(PATH, headers=headers).status_code == 405
    assert client.get(PATH, headers=headers)["Cache-Control"] == "no-store"


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.integers(0, 2**60))
def test_a_cursor_says_where_it_came_from(xid: int, seq: int, log: int) -> None:
    position = changes.Position(xid, seq)
    assert read_cursor(log, write_cursor(log, position)) == position
    with pytest.raises(BadCursor):
        read_cursor(log + 1, write_cursor(log, position))


@committing
def test_a_cursor_of_another_database_or_of_a_time_to_come_is_refused(
    client: Client, feed: Feed, make_category: MakeCategory
) -> None:
    make_category()
    end = read_cursor(log_id(), feed()["next"])
    headers = {"authorization": "Bearer right"}
    for cursor in (
        write_cursor(log_id() + 1, end),
        write_cursor(log_id(), changes.Position(end.xid, end.seq + 1)),
    ):
        answer = client.get(PATH, {"since": cursor}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_cursor")
    assert log_id() > 0


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        position = read_cursor(7, text)
    except BadCursor:
        return
    assert not text or write_cursor(7, position) == text


@committing
def test_a_lower_transaction_that_commits_later_is_not_lost(feed: Feed, make_category: MakeCategory) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time; test_on_postgresql.py runs this on PostgreSQL")
    early, late = make_category("Early", slug="early"), make_category("Late", slug="late")
    end = follow(feed)[-1]["cursor"]
    changed, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                Category.objects.filter(pk=early.pk).update(name="Early, changed first")
                changed.set()
                assert may_commit.wait(30)
        finally:
            connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert changed.wait(30)
    Category.objects.filter(pk=late.pk).update(name="Late, committed first")
    while_it_runs = feed(end)
    may_commit.set()
    writer.join(30)
    afterwards = feed(while_it_runs["next"])
    assert named(while_it_runs["changes"]) == []
    assert [(each["id"], each["data"]["name"]) for each in afterwards["changes"]] == [
        (early.pk, "Early, changed first"),
        (late.pk, "Late, committed first"),
    ]


@committing
def test_every_product_of_a_bulk_write_is_sent(feed: Feed, make_category: MakeCategory) -> None:
    home = make_category()
    end = follow(feed)[-1]["cursor"]
    Product.objects.bulk_create(
        Product(sku=f"S{n}", slug=f"s{n}", name=f"N{n}", price=Decimal(1), category=home) for n in range(1100)
    )
    page = feed(end, limit=1000)
    assert (len(page["changes"]), page["more"]) == (1000, True)
    assert len(follow(feed, page["next"], limit=1000)) == 100


@committing
def test_a_log_restored_into_another_cluster_begins_anew(
    client: Client, feed: Feed, make_category: MakeCategory
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's log knows no transaction ids; test_on_postgresql.py runs this on PostgreSQL")
    old = make_category()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_catalogchange SET xid = 1000000000000")
    stranded = write_cursor(log_id(), changes.Position(1_000_000_000_000, 1))
    call_command("migrate", verbosity=0)
    new = make_category()
    assert [each["id"] for each in follow(feed)] == [old.pk, new.pk]
    answer = client.get(PATH, {"since": stranded}, headers={"authorization": "Bearer right"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_cursor")
