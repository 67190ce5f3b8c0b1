from __future__ import annotations

from hashlib import md5

import pytest

from extracted.catalog.public.asked import Asked
from extracted.catalog.store import MemoryStore
from tests.extracted.catalog import rows
from tests.extracted.catalog.client import Client
from tests.extracted.catalog.conftest import Serve
from tests.extracted.catalog.rows import FakeMonolith

LIST = "/api/v1/products/"
OUTER = {
    "x-strangler-release": "7",
    "vary": "Accept-Language",
    "content-language": "en",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def test_an_answer_carries_what_the_monoliths_middleware_adds(shop: Client) -> None:
    answer = shop.get(f"{LIST}1/")
    assert dict(answer.headers) == OUTER | {
        "content-type": "application/json",
        "allow": "GET, HEAD, OPTIONS",
        "etag": f'"{md5(answer.content, usedforsecurity=False).hexdigest()}"',
        "x-frame-options": "DENY",
        "content-length": str(len(answer.content)),
    }


def test_head_tells_the_length_without_the_body_and_without_an_etag(shop: Client) -> None:
    got = shop.get(LIST)
    answer = shop.ask("HEAD", LIST, headers={"If-None-Match": got.headers["ETag"]})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == got.headers["Content-Length"]
    assert "ETag" not in answer.headers


def test_a_known_etag_is_answered_without_a_body(shop: Client) -> None:
    etag = shop.get(LIST).headers["ETag"]
    for header in (etag, f'"x", W/{etag}', "*"):
        answer = shop.get(LIST, if_none_match=header)
        assert (answer.status_code, answer.content) == (304, b"")
        assert dict(answer.headers) == OUTER | {"etag": etag, "x-frame-options": "DENY", "content-length": "0"}
    assert shop.get(LIST, if_none_match='"x"').status_code == 200


def test_a_condition_that_does_not_hold_is_told(shop: Client) -> None:
    etag = shop.get(LIST).headers["ETag"]
    assert shop.get(LIST, if_match='"x"').status_code == 412
    assert shop.get(LIST, if_match=etag).status_code == 200
    assert shop.get(LIST, if_unmodified_since="Fri, 20 Nov 2026 13:00:00 GMT").status_code == 412
    assert shop.get(LIST, if_unmodified_since="Fri, 32 Nov 2026 13:00:00 GMT").status_code == 200


def test_a_refusal_has_an_etag_and_no_conditions(shop: Client) -> None:
    answer = shop.get(f"{LIST}?page=99", if_none_match="*", if_match='"x"')
    assert answer.status_code == 404
    assert answer.headers["ETag"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/products", LIST),
        ("/api/v1/products?page=2&x=%C3%A9", f"{LIST}?page=2&x=%C3%A9"),
        ("/api/v1/products/1/reviews", f"{LIST}1/reviews/"),
        ("/api/v1/%70roducts/007", f"{LIST}007/"),
    ],
)
def test_a_missing_slash_is_appended_by_a_redirect(shop: Client, path: str, target: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = shop.ask(method, path)
        assert (answer.status_code, answer.content) == (301, b"")
        assert dict(answer.headers) == OUTER | {"content-type": "text/html; charset=utf-8", "location": target}


@pytest.mark.parametrize(
    ("accept", "status", "indented"),
    [
        ("*/*", 200, False),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", 200, False),
        ("application/json; indent=4", 200, True),
        ("*/*; indent=2", 200, True),
        ("application/json; indent=0", 200, False),
        ("text/html", 406, False),
        ("", 406, False),
        ("application/json; charset=utf-8", 200, False),
        (", ".join(["a/b"] * 70) + ", application/json", 406, False),
        ("a/b" * 3000 + ", application/json", 406, False),
        ("application/json; indent=x", 200, False),
    ],
)
def test_what_is_acceptable_is_decided_as_the_monolith_does(
    shop: Client, accept: str, status: int, indented: bool
) -> None:
    answer = shop.get(f"{LIST}1/", accept=accept)
    assert answer.status_code == status
    assert (b"\n" in answer.content) is indented
    if status == 406:
        assert answer.text == '{"detail":"Could not satisfy the request Accept header."}'


def test_the_format_parameter_knows_json_only(shop: Client) -> None:
    assert shop.get(f"{LIST}?format=json").status_code == 200
    assert shop.get(f"{LIST}?format=").status_code == 200
    answer = shop.get(f"{LIST}?format=xml", cookie="a=b; django_language=de")
    assert (answer.status_code, answer.text) == (404, '{"detail":"Nicht gefunden."}')


def test_other_methods_stay_with_the_monolith(shop: Client) -> None:
    answer = shop.ask("DELETE", f"{LIST}1/", headers={"Accept-Language": "de"})
    assert (answer.status_code, answer.text) == (405, '{"detail":"Methode \\"DELETE\\" nicht erlaubt."}')
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert shop.ask("POST", f"{LIST}1/reviews/").headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_options_describe_the_view_as_the_monolith_does(shop: Client) -> None:
    assert shop.ask("OPTIONS", "/api/v1/categories/").json() == {
        "name": "Category List",
        "description": "All categories in the order of their paths, in one answer.",
        "renders": ["application/json"],
        "parses": ["application/json"],
    }


def test_addresses_are_built_from_host_and_forwarded_scheme(shop: Client) -> None:
    answer = shop.get(f"{LIST}?page_size=1", host="SHOP.test:8080", x_forwarded_proto="https, http")
    assert answer.json()["next"] == f"https://SHOP.test:8080{LIST}?page=2&page_size=1"
    assert answer.json()["results"][0]["url"] == "https://SHOP.test:8080/products/1-product-1/"
    assert shop.get(LIST, x_forwarded_proto="http, https").json()["next"].startswith("http://")


@pytest.mark.parametrize("host", ["evil.test", "a b", "shop.test:x", "sub.shop.test", "shop.test@evil"])
def test_a_host_that_is_not_ours_is_a_bad_request(shop: Client, host: str) -> None:
    answer = shop.get(LIST, host=host)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "X-Frame-Options" not in answer.headers


def test_names_below_ours_and_any_name_can_be_allowed(serve: Serve, monolith: FakeMonolith) -> None:
    assert serve(allowed_hosts=".shop.test").get(LIST, host="a.b.shop.test").status_code == 200
    assert serve(allowed_hosts="*").get(LIST, host="any.where").status_code == 200


def test_more_parameters_than_the_monolith_takes_are_a_bad_request(shop: Client) -> None:
    assert shop.get(f"{LIST}?{'&'.join(['a=1'] * 1000)}").status_code == 200
    answer = shop.get(f"{LIST}?{'&'.join(['a=1'] * 1001)}")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_images_may_be_elsewhere(serve: Serve, monolith: FakeMonolith) -> None:
    monolith.put("category", rows.category(1))
    monolith.put("product", rows.product(1, image="products/a.jpg"))
    answer = serve(media_url="https://cdn.test/m/").get(f"{LIST}1/")
    assert answer.json()["image"] == "https://cdn.test/m/products/a.jpg"


def test_a_query_that_is_not_utf_8_is_read_as_latin_1() -> None:
    asked = Asked("GET", LIST, "search=caf\xe9", {"host": "shop.test"}, "")
    assert asked.parameter("search") == "caf\xe9"
    assert asked.address == f"http://shop.test{LIST}?search=caf%C3%A9"


def test_before_the_first_import_is_through_the_proxy_is_told_to_ask_the_monolith(serve: Serve) -> None:
    answer = serve(filled=False).get(LIST)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


def test_without_its_database_the_service_says_that_it_is_not_available(serve: Serve) -> None:
    client = serve()
    gone = MemoryStore()
    gone.gone = True
    client.service.store = gone
    assert client.get(LIST).text == '{"detail":"The catalogue is not available just now."}'


def test_what_is_not_ours_below_the_prefix_is_not_found(shop: Client) -> None:
    for path in ("/api/v1/", "/api/v1/stock/", "/api/v1/products/x/", "/api/v1/products//"):
        assert shop.get(path).status_code == 404
