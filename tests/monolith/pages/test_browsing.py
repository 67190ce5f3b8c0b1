from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.test import Client

from monolith.catalog.shelf import PAGE_SIZE
from tests.monolith.conftest import MakeCategory, MakeProduct, MakeReview

pytestmark = pytest.mark.django_db


def test_the_home_page_shows_what_is_new_and_what_is_on_sale(client: Client, make_product: MakeProduct) -> None:
    make_product(name="Quiet lamp")
    make_product(name="Loud lamp", sale_price=Decimal("5.00"))
    make_product(name="Hidden lamp", is_published=False)
    text = client.get("/").content.decode()
    assert "Quiet lamp" in text
    assert text.count("Loud lamp") == 2
    assert "Hidden lamp" not in text
    assert "€5.95" in text
    assert "€11.90" in text


def test_an_empty_shop_has_a_home_page(client: Client, db: None) -> None:
    assert "There is nothing here at the moment." in client.get("/").content.decode()


def test_a_category_shows_its_descendants_products_and_its_place_in_the_tree(
    client: Client, make_category: MakeCategory, make_product: MakeProduct
) -> None:
    kitchen = make_category("Kitchen")
    knives = make_category("Knives", parent=kitchen)
    make_product(name="Bread knife", category=knives)
    make_product(name="Shovel")
    text = client.get("/categories/kitchen/").content.decode()
    assert "Bread knife" in text
    assert "Shovel" not in text
    assert 'href="/categories/knives/"' in text
    assert 'href="/categories/kitchen/"' in client.get("/categories/knives/").content.decode()


def test_a_category_is_cut_into_pages(client: Client, make_category: MakeCategory, make_product: MakeProduct) -> None:
    lamps = make_category("Lamps")
    for _ in range(PAGE_SIZE + 1):
        make_product(category=lamps)
    first = client.get("/categories/lamps/?sort=name").content.decode()
    assert f"{PAGE_SIZE + 1} products" in first
    assert "?sort=name&amp;page=2" in first
    second = client.get("/categories/lamps/?sort=name&page=2")
    assert len(second.context["page"].object_list) == 1


@pytest.mark.parametrize("page", ["0", "2", "-1", "x", "1.5", "999999999999999999999"])
def test_a_page_that_is_not_there_is_not_found(client: Client, make_category: MakeCategory, page: str) -> None:
    make_category("Lamps")
    assert client.get("/categories/lamps/", {"page": page}).status_code == 404


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("price", ["cheap", "taxed", "dear"]),
        ("-price", ["dear", "taxed", "cheap"]),
        ("name", ["cheap", "dear", "taxed"]),
        ("rating", ["taxed", "dear", "cheap"]),
        ("newest", ["dear", "taxed", "cheap"]),
        ("nonsense", ["dear", "taxed", "cheap"]),
    ],
)
def test_a_category_is_sorted_as_asked(
    client: Client,
    make_category: MakeCategory,
    make_product: MakeProduct,
    make_review: MakeReview,
    sort: str,
    names: list[str],
) -> None:
    lamps = make_category("Lamps")
    make_product(name="cheap", category=lamps, price=Decimal("20.00"), sale_price=Decimal("8.00"))
    taxed = make_product(name="taxed", category=lamps, price=Decimal("10.00"), tax_rate=Decimal("19.00"))
    dear = make_product(name="dear", category=lamps, price=Decimal("11.20"), tax_rate=Decimal("7.00"))
    make_review(taxed, stars=5)
    make_review(dear, stars=3)
    page = client.get("/categories/lamps/", {"sort": sort}).context["page"]
    assert [product.name for product in page] == names


def test_sold_out_products_can_be_left_out(
    client: Client, make_category: MakeCategory, make_product: MakeProduct
) -> None:
    lamps = make_category("Lamps")
    make_product(name="here", category=lamps)
    make_product(name="gone", category=lamps, stock=0)
    assert len(client.get("/categories/lamps/").context["page"]) == 2
    page = client.get("/categories/lamps/?in_stock=on").context["page"]
    assert [product.name for product in page] == ["here"]


def test_an_unknown_category_is_not_found(client: Client, db: None) -> None:
    assert client.get("/categories/nowhere/").status_code == 404


def test_search_wants_every_word_in_name_sku_or_description(client: Client, make_product: MakeProduct) -> None:
    make_product(name="Oak table", description="for four", sku="TAB-1")
    make_product(name="Oak chair", description="for one")
    found = client.get("/search/", {"q": "oak FOUR tab-1"}).context["page"]
    assert [product.name for product in found] == ["Oak table"]
    assert "2 products" in client.get("/search/", {"q": " oak "}).content.decode()


@pytest.mark.parametrize("query", ["", "   ", "\0"])
def test_a_search_for_nothing_shows_nothing(client: Client, make_product: MakeProduct, query: str) -> None:
    make_product(name="Oak table")
    page = client.get("/search/", {"q": query})
    assert page.status_code == 200
    assert "Oak table" not in page.content.decode()


def test_what_was_searched_for_is_escaped(client: Client, db: None) -> None:
    text = client.get("/search/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_catalogue_is_streamed_as_csv(
    client: Client, make_category: MakeCategory, make_product: MakeProduct
) -> None:
    kitchen = make_category("Kitchen")
    lamp = make_product(name='Lampe „Ære", 2 m', category=make_category("Lamps", parent=kitchen))
    make_product(name="Hidden", is_published=False)
    make_product(name="=HYPERLINK(1)", sku="-1")
    answer = client.get("/export/catalog.csv")
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="catalog.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert [row["name"] for row in rows] == ['Lampe „Ære", 2 m', "'=HYPERLINK(1)"]
    assert rows[0] == {
        "id": str(lamp.pk),
        "sku": lamp.sku,
        "name": 'Lampe „Ære", 2 m',
        "category": "kitchen/lamps",
        "price": "10.00",
        "sale_price": "",
        "price_with_tax": "11.90",
        "currency": "EUR",
        "availability": "in_stock",
        "url": f"http://testserver/products/{lamp.pk}-{lamp.slug}/",
    }
    assert rows[1]["sku"] == "'-1"
