from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from monolith.catalog.categories import CategoryTree
from tests.monolith.conftest import MakeCategory, MakeOrder, MakeProduct, MakeReview
from tests.monolith.pages.conftest import SignedIn

pytestmark = pytest.mark.django_db


def test_robots_are_told_where_not_to_go(client: Client) -> None:
    answer = client.get("/robots.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "Disallow: /checkout/" in answer.content.decode().splitlines()


@pytest.mark.parametrize("path", ["/nowhere/", "/nowhere", "/products/1-x/", "/categories//"])
def test_what_is_not_there_has_a_page_of_the_shop(client: Client, db: None, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert 'role="search"' in answer.content.decode()


def test_a_fault_of_ours_has_a_page_that_needs_nothing(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    def broken() -> CategoryTree:
        raise RuntimeError("the database is on fire")

    monkeypatch.setattr(CategoryTree, "load", broken)
    answer = Client(raise_request_exception=False).get("/")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.content.decode()
    assert "on fire" not in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/cart/add/",
        "/cart/update/",
        "/cart/remove/",
        "/accounts/login/",
        "/accounts/register/",
        "/accounts/logout/",
        "/checkout/address/",
        "/checkout/payment/",
        "/checkout/review/",
        "/orders/SO-1/cancel/",
        "/products/1-x/",
    ],
)
def test_no_form_is_taken_without_its_token(signed_in: SignedIn, path: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = signed_in()[0].cookies
    answer = browser.post(path, {"product_id": "1"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_a_form_with_its_token_is_taken(make_product: MakeProduct) -> None:
    lamp, browser = make_product(), Client(enforce_csrf_checks=True)
    page = browser.get(f"/products/{lamp.pk}-{lamp.slug}/")
    token = str(page.context["csrf_token"])
    answer = browser.post("/cart/add/", {"product_id": lamp.pk, "csrfmiddlewaretoken": token})
    assert answer.status_code == 302


def test_the_language_is_switched_and_kept(make_category: MakeCategory) -> None:
    make_category("Lamps")
    browser = Client(enforce_csrf_checks=True)
    assert '<html lang="en">' in browser.get("/categories/lamps/").content.decode()
    answer = browser.post("/i18n/setlang/", {"language": "de", "next": "/categories/lamps/?sort=name"})
    assert (answer.status_code, answer["Location"]) == (302, "/categories/lamps/?sort=name")
    german = browser.get("/categories/lamps/")
    assert german["Content-Language"] == "de"
    assert '<html lang="de">' in german.content.decode()
    assert "0 Produkte" in german.content.decode()
    away = browser.post("/i18n/setlang/", {"language": "en", "next": "https://evil.example/"})
    assert away["Location"] == "/"
    assert browser.get("/i18n/setlang/").status_code == 405


def test_the_browsers_language_is_understood(client: Client, make_product: MakeProduct) -> None:
    make_product(sale_price="9.00")
    answer = client.get("/", headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert "10,71\N{NO-BREAK SPACE}€" in answer.content.decode()
    assert "Accept-Language" in answer["Vary"]
    assert "Cookie" in answer["Vary"]


@pytest.mark.parametrize("path", ["/", "/categories/lamps/", "/search/?q=lamp", "/robots.txt", "/cart/"])
def test_an_unchanged_page_is_not_sent_again(make_category: MakeCategory, path: str) -> None:
    make_category("Lamps")
    browser = Client()
    first = browser.get(path)
    again = browser.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_changed_page_is_sent_again(make_category: MakeCategory, make_product: MakeProduct) -> None:
    browser = Client()
    first = browser.get("/")
    make_category("Lamps")
    assert browser.get("/", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_head_is_answered_like_get(client: Client, make_product: MakeProduct) -> None:
    lamp = make_product()
    for path in ("/", "/cart/", f"/products/{lamp.pk}-{lamp.slug}/", "/accounts/login/"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_a_missing_slash_is_added(client: Client, db: None) -> None:
    answer = client.get("/search?q=x")
    assert (answer.status_code, answer["Location"]) == (301, "/search/?q=x")


def test_every_input_has_a_label(signed_in: SignedIn, make_product: MakeProduct) -> None:
    lamp, (browser, _) = make_product(), signed_in()
    browser.post("/cart/add/", {"product_id": lamp.pk})
    pages: list[Any] = [
        browser.get(path)
        for path in (
            "/",
            f"/categories/{lamp.category.slug}/",
            f"/products/{lamp.pk}-{lamp.slug}/",
            "/cart/",
            "/accounts/profile/",
            "/checkout/address/",
        )
    ] + [Client().get("/accounts/login/"), Client().get("/accounts/register/")]
    for page in pages:
        text = page.content.decode()
        for tag in inputs_of(text):
            assert f'for="{tag}"' in text, tag


def inputs_of(text: str) -> list[str]:
    """The ids of what can be filled in; hidden fields and buttons need no label."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen = dict(attrs)
            if tag in ("input", "select", "textarea") and seen.get("type") != "hidden":
                found.append(seen.get("id") or f"an {tag} without an id")

    Reader().feed(text)
    return found


def test_what_is_a_customers_own_is_kept_by_no_shared_cache(signed_in: SignedIn) -> None:
    browser, _ = signed_in()
    for path in ("/orders/", "/accounts/profile/", "/checkout/address/"):
        assert "private" in browser.get(path)["Cache-Control"]


def test_a_longer_list_asks_the_database_no_more_often(
    make_category: MakeCategory,
    make_product: MakeProduct,
    make_order: MakeOrder,
    make_review: MakeReview,
    signed_in: SignedIn,
    django_assert_max_num_queries: Any,
) -> None:
    lamps, (browser, customer) = make_category("Lamps"), signed_in()
    for _ in range(5):
        lamp = make_product(category=lamps)
        make_review(lamp)
        make_order(customer, lamp, quantity=1)
    for path, most in (
        ("/", 8),
        ("/categories/lamps/", 10),
        ("/search/?q=product", 8),
        (f"/products/{lamp.pk}-{lamp.slug}/", 10),
        ("/orders/", 9),
    ):
        with django_assert_max_num_queries(most):
            browser.get(path)
