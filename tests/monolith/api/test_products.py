from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.throttling import AnonRateThrottle

from monolith.catalog.models import Product
from tests.monolith.conftest import MakeCategory, MakeProduct, MakeReview

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def found(client: Client, query: str) -> list[int]:
    answer = client.get(f"/api/v1/products/?{query}")
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["results"]]


def refused(client: Client, query: str, **headers: str) -> dict[str, list[str]]:
    answer = client.get(f"/api/v1/products/?{query}", headers=headers)
    assert answer.status_code == 400, answer.content
    errors: dict[str, list[str]] = answer.json()
    return errors


def test_an_item_has_the_contract_s_keys_in_its_order(
    client: Client, make_category: MakeCategory, make_product: MakeProduct, make_review: MakeReview
) -> None:
    kitchen = make_category("Kitchen", slug="kitchen")
    knives = make_category("Knives", slug="knives", parent=kitchen)
    product = make_product(
        category=knives, sku="KN-1", slug="messer-1", name="Küchenmesser", price=Decimal("89.90"),
        sale_price=Decimal("79.90"), image="products/küche 1.jpg", created_at=NOW, stock=3,
    )  # fmt: skip
    for stars in (4, 4, 5):
        make_review(product, stars=stars)
    answer = client.get("/api/v1/products/")
    assert answer["Content-Type"] == "application/json"
    assert list(answer.json()) == ["count", "next", "previous", "results"]
    item = answer.json()["results"][0]
    assert list(item.items()) == [
        ("id", product.pk),
        ("sku", "KN-1"),
        ("slug", "messer-1"),
        ("name", "Küchenmesser"),
        ("url", f"http://testserver/products/{product.pk}-messer-1/"),
        ("category", {"id": knives.pk, "slug": "knives", "name": "Knives", "path": "kitchen/knives"}),
        ("price", "89.90"),
        ("currency", "EUR"),
        ("tax_rate", "19.00"),
        ("price_with_tax", "95.08"),
        ("sale_price", "79.90"),
        ("availability", "low"),
        ("rating", "4.33"),
        ("review_count", 3),
        ("image", "http://testserver/media/products/k%C3%BCche%201.jpg"),
        ("created_at", "2026-01-02T03:04:05.678901Z"),
    ]
    assert list(item["category"]) == ["id", "slug", "name", "path"]
    assert "Küchenmesser".encode() in answer.content
    assert b'", "' not in answer.content


def test_what_a_product_lacks_is_null(client: Client, make_product: MakeProduct) -> None:
    make_product(stock=0)
    item = client.get("/api/v1/products/").json()["results"][0]
    assert (item["sale_price"], item["rating"], item["image"]) == (None, None, None)
    assert (item["availability"], item["review_count"], item["price_with_tax"]) == ("out_of_stock", 0, "11.90")


def test_a_detail_says_more(client: Client, make_product: MakeProduct) -> None:
    product = make_product(attributes={"width": "3 cm", "colour": "red"}, description="Long.", weight_grams=12)
    answer = client.get(f"/api/v1/products/{product.pk}/").json()
    item = client.get("/api/v1/products/").json()["results"][0]
    assert list(answer)[: len(item)] == list(item)
    assert {key: answer[key] for key in item} == item
    assert list(answer.items())[len(item) :] == [
        ("description", "Long."),
        ("attributes", {"colour": "red", "width": "3 cm"}),
        ("weight_grams", 12),
        ("discontinued", False),
        ("updated_at", product.updated_at.isoformat().replace("+00:00", "Z")),
        ("reviews_url", f"http://testserver/api/v1/products/{product.pk}/reviews/"),
    ]
    assert list(answer["attributes"]) == ["colour", "width"]


def test_discontinued_products_are_shown_but_not_listed_and_unpublished_ones_neither(
    client: Client, make_product: MakeProduct
) -> None:
    gone, hidden, here = make_product(is_discontinued=True), make_product(is_published=False), make_product()
    assert found(client, "") == [here.pk]
    assert client.get(f"/api/v1/products/{gone.pk}/").json()["discontinued"] is True
    for pk in (hidden.pk, here.pk + 1000, 2**70):
        answer = client.get(f"/api/v1/products/{pk}/")
        assert answer.status_code == 404
        assert answer.json() == {"detail": "No Product matches the given query."}


def test_a_category_includes_those_below_it(
    client: Client, make_category: MakeCategory, make_product: MakeProduct
) -> None:
    top, other = make_category("Top", slug="top"), make_category("Other", slug="other")
    middle = make_category("Middle", slug="middle", parent=top)
    leaf = make_category("Leaf", slug="leaf", parent=middle)
    in_top, in_leaf, _elsewhere = (make_product(category=c) for c in (top, leaf, other))
    assert found(client, "category=top") == [in_top.pk, in_leaf.pk]
    assert found(client, "category=middle") == [in_leaf.pk]
    assert len(found(client, "category=")) == 3


def test_an_unknown_category_is_refused_in_both_languages(client: Client, make_product: MakeProduct) -> None:
    make_product()
    assert refused(client, "category=nowhere") == {
        "category": ["Select a valid choice. That choice is not one of the available choices."]
    }
    german = refused(client, "category=nowhere", **{"accept-language": "de"})
    assert german == {"category": ["Bitte eine gültige Auswahl treffen. Dies ist keine gültige Auswahl."]}
    assert refused(client, "category=%00") == {"category": ["Null characters are not allowed."]}


def test_every_wrong_parameter_is_told_at_once(client: Client, db: None) -> None:
    errors = refused(client, "min_price=cheap&max_price=NaN&ordering=colour&search=%00")
    assert errors == {
        "search": ["Null characters are not allowed."],
        "min_price": ["Enter a number."],
        "max_price": ["Enter a number."],
        "ordering": ["Select a valid choice. colour is not one of the available choices."],
    }


def test_search_asks_for_every_word_somewhere_in_any_case(client: Client, make_product: MakeProduct) -> None:
    one = make_product(name="Oak Table", description="Solid wood")
    two = make_product(name="Oak chair", sku="WOOD-7")
    make_product(name="Steel table", description="100% steel")
    assert found(client, "search=oak+WOOD") == [one.pk, two.pk]
    assert found(client, "search=%20solid%20%20") == [one.pk]
    assert len(found(client, "search=0%25")) == 1
    assert found(client, "search=_") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("min_price=10.00", ["10.00", "10.01", "99999999.99"]),
        ("min_price=10.001", ["10.01", "99999999.99"]),
        ("max_price=10.009", ["9.99", "10.00"]),
        ("min_price=10&max_price=10", ["10.00"]),
        ("min_price=1e12", []),
        ("min_price=99999999.991", []),
        ("max_price=1e12", ["9.99", "10.00", "10.01", "99999999.99"]),
        ("max_price=-1e40", []),
        ("min_price=-1e400", ["9.99", "10.00", "10.01", "99999999.99"]),
        ("min_price=0.00000000000000000000000000000000000000000000000000000001&max_price=9.99", ["9.99"]),
    ],
)
def test_price_bounds_are_exact(client: Client, make_product: MakeProduct, query: str, expected: list[str]) -> None:
    for price in ("9.99", "10.00", "10.01", "99999999.99"):
        make_product(price=Decimal(price))
    assert [i["price"] for i in client.get(f"/api/v1/products/?{query}").json()["results"]] == expected


def test_in_stock_means_that_a_unit_can_be_had(client: Client, make_product: MakeProduct) -> None:
    many, few, none = make_product(stock=10), make_product(stock=2), make_product(stock=0)
    assert found(client, "in_stock=true") == [many.pk, few.pk]
    assert found(client, "in_stock=false") == [none.pk]
    assert found(client, "in_stock=maybe") == [many.pk, few.pk, none.pk]


def test_every_order_ends_by_id(client: Client, make_product: MakeProduct, make_review: MakeReview) -> None:
    a, b, c, d = (
        make_product(name=name, price=Decimal(price), created_at=NOW + timedelta(days=day))
        for name, price, day in (("B", "5.00", 2), ("A", "5.00", 1), ("B", "7.00", 1), ("C", "1.00", 2))
    )
    for product, stars in ((a, 4), (b, 5), (c, 4)):
        make_review(product, stars=stars)
    expected = {
        "name": [b, a, c, d],
        "-name": [d, a, c, b],
        "price": [d, a, b, c],
        "-price": [c, a, b, d],
        "created_at": [b, c, a, d],
        "-created_at": [a, d, b, c],
        "rating": [d, a, c, b],
        "-rating": [b, a, c, d],
        "name,-price": [b, c, a, d],
        "": [a, b, c, d],
    }
    for ordering, products in expected.items():
        assert found(client, f"ordering={ordering}") == [product.pk for product in products], ordering


def test_pages_link_to_their_neighbours(client: Client, make_category: MakeCategory) -> None:
    home = make_category(slug="home")
    Product.objects.bulk_create(
        Product(sku=f"S{n}", slug=f"s{n}", name=f"N{n}", price=Decimal(1), category=home) for n in range(25)
    )
    first = client.get("/api/v1/products/").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (25, 20, None)
    assert first["next"] == "http://testserver/api/v1/products/?page=2"
    second = client.get("/api/v1/products/?page=2&search=N&category=home", secure=False).json()
    assert second["previous"] == "http://testserver/api/v1/products/?category=home&search=N"
    assert second["next"] is None
    middle = client.get("/api/v1/products/?page_size=10&page=2").json()
    assert middle["next"] == "http://testserver/api/v1/products/?page=3&page_size=10"
    assert len(client.get("/api/v1/products/?page_size=1000").json()["results"]) == 25
    assert len(client.get("/api/v1/products/?page_size=no").json()["results"]) == 20
    assert len(client.get("/api/v1/products/?page=last").json()["results"]) == 5
    for page in ("0", "3", "-1", "x", "9" * 30):
        answer = client.get(f"/api/v1/products/?page={page}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Invalid page."})


def test_addresses_follow_host_and_forwarded_protocol(client: Client, make_product: MakeProduct, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["shop.example"]
    product = make_product(image="products/a.jpg")
    headers = {"host": "shop.example", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example"}
    item = client.get(f"/api/v1/products/{product.pk}/", headers=headers).json()
    for key in ("url", "image", "reviews_url"):
        assert item[key].startswith("https://shop.example/")


def test_the_list_takes_as_many_queries_for_one_product_as_for_many(
    client: Client, make_category: MakeCategory, make_product: MakeProduct,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    top = make_category("Top", slug="top")
    for number in range(12):
        make_product(category=make_category(parent=top, slug=f"below-{number}"))
    with django_assert_num_queries(3):
        assert len(client.get("/api/v1/products/?ordering=-rating").json()["results"]) == 12
    with django_assert_num_queries(4):
        assert len(client.get("/api/v1/products/?category=top").json()["results"]) == 12


def test_a_detail_takes_two_queries(
    client: Client, make_product: MakeProduct, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    product = make_product()
    with django_assert_num_queries(2):
        client.get(f"/api/v1/products/{product.pk}/")


def test_the_reads_know_no_session_and_no_token(client: Client, make_product: MakeProduct, make_customer: Any) -> None:
    product = make_product()
    client.force_login(make_customer())
    for path in ("products/", f"products/{product.pk}/", "categories/", f"products/{product.pk}/reviews/"):
        answer = client.get(f"/api/v1/{path}", headers={"authorization": "Token wrong"})
        assert answer.status_code == 200
        assert answer["Vary"] == "Accept-Language"
        assert not answer.cookies


def test_the_reads_carry_the_headers_of_the_contract(client: Client, make_product: MakeProduct) -> None:
    product = make_product()
    path = f"/api/v1/products/{product.pk}/"
    answer = client.get(path, headers={"accept-language": "de"})
    assert {name.lower() for name in answer.headers} == {
        "content-type", "content-language", "vary", "etag", "x-frame-options", "x-content-type-options",
        "referrer-policy", "cross-origin-opener-policy", "allow", "content-length", "x-strangler-release",
    }  # fmt: skip
    assert (answer["Content-Language"], answer["Allow"]) == ("de", "GET, HEAD, OPTIONS")
    again = client.get(path, headers={"accept-language": "de", "if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head(path)
    assert (head.status_code, head.content, int(head["Content-Length"])) == (200, b"", len(answer.content))
    moved = client.get(path.rstrip("/"))
    assert (moved.status_code, moved["Location"]) == (301, path)
    assert client.post(path).status_code == 405


def test_too_many_reads_are_throttled(
    client: Client, make_product: MakeProduct, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_product()
    monkeypatch.setattr(AnonRateThrottle, "THROTTLE_RATES", {"anon": "2/min"})
    for path in ("products/", "categories/"):
        assert client.get(f"/api/v1/{path}").status_code == 200
    answer = client.get("/api/v1/products/")
    assert answer.status_code == 429
    assert answer.json()["detail"].startswith("Request was throttled. Expected available in ")
    assert 0 < int(answer["Retry-After"]) <= 60
