from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted.catalog.domain import Availability, Lifecycle, Shelf
from extracted.catalog.domain.category import CategoryPath
from extracted.catalog.domain.product import Listing
from extracted.catalog.errors import TranslationError
from extracted.catalog.translate import DROPPED, category, product, product_detail, review, review_entry
from tests.extracted.catalog import rows

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
named = texts.filter(bool)
slugs = st.from_regex(r"[-a-zA-Z0-9_]{1,20}", fullmatch=True)
ids = st.integers(min_value=1, max_value=2**63 - 1)
prices = st.decimals(min_value=0, max_value=99_999_999, places=2).map(str)
moments = st.datetimes(
    min_value=datetime(1971, 1, 1),  # noqa: DTZ001
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))]),
).map(lambda moment: moment.isoformat())
counts = st.integers(min_value=0, max_value=2**31 - 1)

products = st.fixed_dictionaries(
    {
        "id": ids,
        "sku": named,
        "slug": slugs,
        "name": named,
        "description": texts,
        "category_id": ids,
        "price": prices,
        "sale_price": st.none() | prices,
        "currency": st.sampled_from(["EUR", "USD", "GBP"]),
        "tax_rate": st.decimals(min_value=0, max_value=99, places=2).map(str),
        "availability": st.sampled_from(list(Availability)).map(str),
        "stock_on_hand": st.integers(),
        "is_published": st.booleans(),
        "is_discontinued": st.booleans(),
        "attributes": st.dictionaries(texts, texts, max_size=5),
        "weight_grams": st.none() | counts,
        "image": st.none() | named,
        "rating_sum": counts,
        "review_count": counts,
        "created_at": moments,
        "updated_at": moments,
    }
)
reviews = st.fixed_dictionaries(
    {
        "id": ids,
        "product_id": ids,
        "author_name": texts,
        "stars": st.integers(min_value=1, max_value=5),
        "title": texts,
        "body": texts,
        "is_approved": st.booleans(),
        "created_at": moments,
    }
)

categories = st.fixed_dictionaries(
    {"id": ids, "name": named, "slug": slugs, "parent_id": st.none() | ids, "sort_order": st.integers()}
)


class PlainLinks:
    def product_page(self, product: object) -> str:
        return "page"

    def reviews(self, product: object) -> str:
        return "reviews"

    def image(self, path: str) -> str:
        return path


def shown(row: dict[str, Any]) -> dict[str, Any]:
    shelf = Shelf(row["category_id"], "Knives", "knives", CategoryPath("knives"), None)
    return product_detail(Listing(product(row), shelf), PlainLinks())


@given(products)
def test_what_a_customer_sees_of_a_product_survives_the_way_through_the_domain(row: dict[str, Any]) -> None:
    out = shown(row)
    for field in ("id", "sku", "slug", "name", "description", "currency", "availability", "weight_grams", "image"):
        assert out[field] == row[field]
    assert out["category"]["id"] == row["category_id"]
    assert list(out["attributes"].items()) == sorted(row["attributes"].items())
    assert Decimal(out["price"]) == Decimal(row["price"])
    assert Decimal(out["tax_rate"]) == Decimal(row["tax_rate"])
    assert (out["sale_price"] is None) == (row["sale_price"] is None)
    assert Decimal(out["sale_price"] or 0) == Decimal(row["sale_price"] or 0)
    assert out["review_count"] == row["review_count"]
    for field in ("created_at", "updated_at"):
        assert datetime.fromisoformat(out[field]) == datetime.fromisoformat(row[field])
        assert out[field].endswith("Z")
    if row["is_published"]:
        assert out["discontinued"] == row["is_discontinued"]


@given(reviews)
def test_a_review_survives_the_way_through_the_domain(row: dict[str, Any]) -> None:
    translated = review(row)
    out = review_entry(translated)
    assert (out["id"], out["author"], out["stars"]) == (row["id"], row["author_name"], row["stars"])
    assert (out["title"], out["body"]) == (row["title"], row["body"])
    assert datetime.fromisoformat(out["created_at"]) == datetime.fromisoformat(row["created_at"])
    assert translated.approved == row["is_approved"]
    assert translated.product_id == row["product_id"]


@given(categories)
def test_a_category_survives_the_way_into_the_domain_but_for_its_place_in_menus(row: dict[str, Any]) -> None:
    out = category(row)
    assert (out.id, out.name, out.slug, out.parent_id) == (row["id"], row["name"], row["slug"], row["parent_id"])
    assert row.keys() - {field.name for field in fields(out)} == DROPPED["category"].keys() == {"sort_order"}


@given(products, st.integers() | st.none() | texts)
def test_stock_is_dropped_on_purpose(row: dict[str, Any], stock: object) -> None:
    assert "stock_on_hand" in DROPPED["product"]
    assert product(row | {"stock_on_hand": stock}) == product(row)


@given(products)
def test_every_other_field_of_a_product_means_something(row: dict[str, Any]) -> None:
    for field in row.keys() - DROPPED["product"].keys():
        with pytest.raises(TranslationError, match="is missing") as caught:
            product({name: value for name, value in row.items() if name != field})
        assert caught.value.field == field


def test_the_stages_of_life_are_told_apart() -> None:
    stages = {
        (published, discontinued): product(
            rows.product(1, is_published=published, is_discontinued=discontinued)
        ).lifecycle
        for published in (True, False)
        for discontinued in (True, False)
    }
    assert stages == {
        (True, False): Lifecycle.ON_SALE,
        (True, True): Lifecycle.DISCONTINUED,
        (False, False): Lifecycle.UNPUBLISHED,
        (False, True): Lifecycle.UNPUBLISHED,
    }


def test_a_whole_second_is_shown_without_a_fraction_as_the_monolith_does() -> None:
    assert shown(rows.product(1, created_at="2026-01-02T03:04:05+02:00"))["created_at"] == "2026-01-02T01:04:05Z"


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("id", 0, "is not within"),
        ("id", "5", "is no whole number"),
        ("id", True, "is no whole number"),
        ("sku", "", "is empty"),
        ("slug", "a/b", "is no slug"),
        ("slug", "grün", "is no slug"),
        ("slug", "a\n", "is no slug"),
        ("name", None, "is no text"),
        ("name", "a\0b", "has a NUL character"),
        ("description", "\ud800", "has half a character"),
        ("category_id", None, "is no whole number"),
        ("price", "89.905", "is finer than a hundredth"),
        ("price", "1E-500", "is finer than a hundredth"),
        ("price", 89.9, "is no decimal"),
        ("price", "NaN", "is no decimal"),
        ("price", "-1.00", "is below zero or too large"),
        ("price", "1e15", "is below zero or too large"),
        ("sale_price", "cheap", "is no decimal"),
        ("currency", "eur", "is no currency"),
        ("currency", "JPY", "has no hundredths"),
        ("tax_rate", "-19.00", "is below zero"),
        ("availability", "soon", "is not known here"),
        ("is_published", 1, "is neither true nor false"),
        ("attributes", [], "is no object"),
        ("attributes", {"blade": 20}, "is no text"),
        ("weight_grams", 2**31, "is not within"),
        ("review_count", -1, "is not within"),
        ("created_at", "yesterday", "is no time with an offset"),
        ("created_at", "2026-01-02T03:04:05", "is no time with an offset"),
        ("created_at", "0001-01-01T00:00:00+14:00", "is no time with an offset"),
    ],
)
def test_what_cannot_be_translated_is_refused_with_field_value_and_remedy(
    field: str, value: object, wrong: str
) -> None:
    with pytest.raises(TranslationError, match=wrong) as caught:
        product(rows.product(1) | {field: value})
    assert caught.value.field.startswith(field)
    assert caught.value.remedy
    assert caught.value.value.isascii()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_whatever_comes_as_a_row_a_translator_raises_nothing_but_its_own_error(data: object) -> None:
    for translate in (category, product, review):
        with pytest.raises(TranslationError):
            translate(data)


@given(
    st.sampled_from(sorted(rows.product(1))), st.none() | st.integers() | st.floats() | st.text() | st.lists(st.none())
)
def test_whatever_comes_as_a_field_a_translator_raises_nothing_but_its_own_error(field: str, value: object) -> None:
    with suppress(TranslationError):
        product(rows.product(1) | {field: value})


def test_a_review_of_six_stars_is_refused() -> None:
    with pytest.raises(TranslationError, match="is not within 1 and 5"):
        review(rows.review(1, 1, stars=6))
