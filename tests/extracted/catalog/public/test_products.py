from __future__ import annotations

import pytest

from tests.extracted.catalog import rows
from tests.extracted.catalog.client import Client
from tests.extracted.catalog.conftest import Serve
from tests.extracted.catalog.rows import FakeMonolith

LIST = "/api/v1/products/"


def ids(client: Client, query: str) -> list[int]:
    answer = client.get(f"{LIST}?page_size=100&{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["results"]]


def test_the_list_is_the_monoliths_list_byte_for_byte(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1, "kitchen"), rows.category(2, "knives", 1))
    monolith.put(
        "product",
        rows.product(
            5, 2, name="Messer „Grün“", sale_price="79.90", image="products/grün 1.jpg", rating_sum=13, review_count=3
        ),
    )
    assert serve().get(LIST).text == (
        '{"count":1,"next":null,"previous":null,"results":[{"id":5,"sku":"SKU-00005","slug":"product-5",'
        '"name":"Messer „Grün“","url":"http://shop.test/products/5-product-5/",'
        '"category":{"id":2,"slug":"knives","name":"Knives","path":"kitchen/knives"},"price":"89.90",'
        '"currency":"EUR","tax_rate":"19.00","price_with_tax":"95.08","sale_price":"79.90",'
        '"availability":"in_stock","rating":"4.33","review_count":3,'
        '"image":"http://shop.test/media/products/gr%C3%BCn%201.jpg","created_at":"2026-01-02T03:04:05.678901Z"}]}'
    )


def test_a_product_alone_tells_more_and_sorts_its_attributes(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1, "kitchen"))
    monolith.put("product", rows.product(5, attributes={"b": "1", "a": "2", "Z": "3"}, is_discontinued=True))
    answer = serve().get(f"{LIST}5/").text
    assert answer.endswith(
        ',"image":null,"created_at":"2026-01-02T03:04:05.678901Z","description":"All about product 5.",'
        '"attributes":{"Z":"3","a":"2","b":"1"},"weight_grams":250,"discontinued":true,'
        '"updated_at":"2026-01-03T00:00:00Z","reviews_url":"http://shop.test/api/v1/products/5/reviews/"}'
    )


@pytest.mark.parametrize(
    ("query", "first", "following", "before"),
    [
        ("", 1, "?page=2", None),
        ("?page=2", 21, "?page=3", ""),
        ("?page=3", 41, None, "?page=2"),
        ("?page=last", 41, None, "?page=2"),
        ("?page=", 1, "?page=2", None),
        ("?page= 2 ", 21, "?page=3", ""),
        ("?page=3&page=2", 21, "?page=3", ""),
        (
            "?page=2&page_size=2&b=&a=%C3%BC&a=1",
            3,
            "?a=%C3%BC&a=1&b=&page=3&page_size=2",
            "?a=%C3%BC&a=1&b=&page_size=2",
        ),
        ("?page_size=0", 1, "?page=2&page_size=0", None),
        ("?page_size=abc", 1, "?page=2&page_size=abc", None),
        ("?page_size=1000", 1, None, None),
        ("?page_size=-3", 1, "?page=2&page_size=-3", None),
    ],
)
def test_pages_and_their_links_are_the_monoliths(
    shop: Client, query: str, first: int, following: str | None, before: str | None
) -> None:
    body = shop.get(LIST + query).json()
    here = f"http://shop.test{LIST}"
    assert body["count"] == 43
    assert body["results"][0]["id"] == first
    assert body["next"] == (None if following is None else here + following)
    assert body["previous"] == (None if before is None else here + before)


@pytest.mark.parametrize("page", ["0", "-1", "4", "abc", "1.0", "9" * 5000, "%00"])
def test_a_page_that_there_is_not_is_not_found(shop: Client, page: str) -> None:
    answer = shop.get(f"{LIST}?page={page}")
    assert (answer.status_code, answer.text) == (404, '{"detail":"Invalid page."}')


def test_an_empty_list_has_one_page(serve: Serve, monolith: FakeMonolith) -> None:
    client = serve()
    assert client.get(LIST).text == '{"count":0,"next":null,"previous":null,"results":[]}'
    assert client.get(f"{LIST}?page=2").status_code == 404


def test_what_is_asked_for_is_what_comes(shop: Client) -> None:
    assert ids(shop, "category=kitchen")[:3] == [1, 3, 5]
    assert ids(shop, "category=garden&max_price=6") == [2, 4, 6]
    assert ids(shop, "min_price=41.5") == [42, 43]
    assert ids(shop, "min_price=40.00000001&max_price=4.2e1") == [41, 42]
    assert ids(shop, "max_price=-1") == ids(shop, "min_price=1e40") == []
    assert ids(shop, "search=PRODUCT-4+sku") == []
    assert ids(shop, "search=product+4+SKU-00004") == [4]
    assert ids(shop, "ordering=-price&min_price=42") == [43, 42]
    assert ids(shop, "ordering=,&max_price=2") == [1, 2]
    assert ids(shop, "in_stock=FALSE") == []
    assert ids(shop, "in_stock=perhaps&max_price=1") == [1]
    assert 44 not in ids(shop, "category=kitchen")


def test_all_wrong_parameters_are_told_at_once_in_the_language_of_the_asker(shop: Client) -> None:
    query = "?ordering=name,foo,bar&max_price=1e60&min_price=abc&search=a%00&category=nope"
    answer = shop.get(LIST + query, accept_language="de-AT,en;q=0.5")
    assert answer.status_code == 400
    assert answer.headers["Content-Language"] == "de"
    assert answer.text == (
        '{"category":["Bitte eine gültige Auswahl treffen. Dies ist keine gültige Auswahl."],'
        '"search":["Nullzeichen sind nicht erlaubt."],"min_price":["Bitte eine Zahl eingeben."],'
        '"max_price":["Dieser Wert muss kleiner oder gleich 1e+50 sein."],'
        '"ordering":["Bitte eine gültige Auswahl treffen. foo ist keine gültige Auswahl."]}'
    )


@pytest.mark.parametrize("path", ["45/", "999/", "0/", f"{2**63}/", f"{'9' * 500}/", "45/reviews/", "999/reviews/"])
def test_a_product_that_nobody_may_see_is_not_found(shop: Client, path: str) -> None:
    answer = shop.get(LIST + path)
    assert (answer.status_code, answer.text) == (404, '{"detail":"No Product matches the given query."}')


def test_leading_zeros_of_an_id_do_not_count(shop: Client) -> None:
    assert shop.get(f"{LIST}0007/").json()["id"] == 7


def test_reviews_come_by_pages(shop: Client) -> None:
    body = shop.get(f"{LIST}1/reviews/?page=2").json()
    assert body["count"] == 23
    assert [review["id"] for review in body["results"]] == [3, 2, 1]
    assert body["previous"] == f"http://shop.test{LIST}1/reviews/"
    assert body["results"][0] == {
        "id": 3,
        "author": "Ada L.",
        "stars": 4,
        "title": "Good",
        "body": "Cuts well.",
        "created_at": "2026-02-01T10:00:00.500000Z",
    }


def test_categories_are_a_plain_list_by_path(shop: Client) -> None:
    assert shop.get("/api/v1/categories/").text == (
        '[{"id":3,"slug":"garden","name":"Garden","path":"garden","parent":null,"product_count":21},'
        '{"id":1,"slug":"kitchen","name":"Kitchen","path":"kitchen","parent":null,"product_count":0},'
        '{"id":2,"slug":"knives","name":"Knives","path":"kitchen/knives","parent":1,"product_count":22}]'
    )


def test_line_ends_that_old_javascript_does_not_allow_are_escaped(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1, name="a\u2028b\u2029</script>ü"))
    assert '"name":"a\\u2028b\\u2029</script>ü"' in serve().get("/api/v1/categories/").text
