from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from monolith.cart.models import Promotion
from tests.monolith.api.conftest import Api
from tests.monolith.conftest import MakeCustomer, MakeProduct

pytestmark = pytest.mark.django_db
JSON: Any = {"content_type": "application/json"}


def test_an_empty_cart_costs_nothing(api: Api) -> None:
    assert api("get", "cart/").json() == {
        "lines": [], "gone": [], "count": 0, "currency": "EUR", "goods": "0.00", "discount": "0.00",
        "shipping": "0.00", "net": "0.00", "tax": "0.00", "gross": "0.00",
    }  # fmt: skip


def test_a_visitor_fills_changes_and_empties_a_cart(api: Api, make_product: MakeProduct) -> None:
    product, other = make_product(name="Cup", price=Decimal("10.00")), make_product()
    promotion = Promotion.objects.create(name="3 for 2", kind="n_for_m", take=3, pay=2)
    promotion.products.add(product)
    added = api("post", "cart/items/", {"product": product.pk, "quantity": 2})
    assert added.status_code == 201
    token = {"x-csrftoken": added.cookies["csrftoken"].value}
    cart = api("post", "cart/items/", {"product": product.pk}, **token).json()
    assert cart["lines"] == [
        {
            "product": product.pk, "sku": product.sku, "name": "Cup", "quantity": 3, "unit_gross": "11.90",
            "discount": "11.90", "promotion": "3 for 2", "net": "20.00", "tax": "3.80", "gross": "23.80",
        }
    ]  # fmt: skip
    assert (cart["count"], cart["goods"], cart["shipping"], cart["gross"]) == (3, "23.80", "4.90", "28.70")
    assert api("patch", f"cart/items/{product.pk}/", {"quantity": 1}, **token).json()["count"] == 1
    assert api("patch", f"cart/items/{other.pk}/", {"quantity": 1}, **token).status_code == 404
    assert api("patch", f"cart/items/{product.pk}/", {"quantity": 0}, **token).json()["lines"] == []
    api("post", "cart/items/", {"product": product.pk}, **token)
    api("post", "cart/items/", {"product": other.pk}, **token)
    assert api("delete", f"cart/items/{product.pk}/", **token).json()["count"] == 1
    assert api("delete", f"cart/items/{product.pk}/", **token).status_code == 200
    assert api("delete", "cart/", **token).json()["count"] == 0


def test_each_has_a_cart_of_their_own(api: Api, make_product: MakeProduct, make_customer: MakeCustomer) -> None:
    product, ada, bob = make_product(), make_customer(), make_customer()
    api("post", "cart/items/", {"product": product.pk, "quantity": 3}, by=ada)
    assert api("get", "cart/", by=ada).json()["count"] == 3
    assert api("get", "cart/", by=bob).json()["count"] == 0
    assert api("get", "cart/").json()["count"] == 0


def test_a_visitor_s_cart_comes_along_at_login(
    client: Client, api: Api, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    product, ada = make_product(), make_customer()
    api("post", "cart/items/", {"product": product.pk, "quantity": 2})
    assert client.login(username=ada.email, password="open sesame 42")
    assert api("get", "cart/").json()["count"] == 2
    assert api("get", "cart/", by=ada).json()["count"] == 2


def test_what_is_not_for_sale_or_too_much_is_refused(api: Api, make_product: MakeProduct) -> None:
    product, gone = make_product(), make_product(is_discontinued=True)
    for body, status, code in (
        ({"product": gone.pk}, 409, "product_unavailable"),
        ({"product": 999_999}, 409, "product_unavailable"),
        ({"product": product.pk, "quantity": 21}, 409, "cart_limit"),
    ):
        answer = api("post", "cart/items/", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for body in ({}, {"product": 0}, {"product": product.pk, "quantity": 0}, {"product": 2**63}):
        assert api("post", "cart/items/", body).status_code == 400


def test_what_is_sold_no_longer_is_named(api: Api, make_product: MakeProduct, make_customer: MakeCustomer) -> None:
    product, ada = make_product(), make_customer()
    api("post", "cart/items/", {"product": product.pk}, by=ada)
    product.is_published = False
    product.save()
    cart = api("get", "cart/", by=ada).json()
    assert (cart["lines"], cart["gone"]) == ([], [product.pk])


def test_a_known_session_writes_only_with_the_form_token(
    make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    product = make_product()
    strict = Client(enforce_csrf_checks=True)
    first = strict.post("/api/v1/cart/items/", {"product": product.pk}, **JSON)
    assert first.status_code == 201
    refused = strict.post("/api/v1/cart/items/", {"product": product.pk}, **JSON)
    assert refused.status_code == 403
    headers = {"x-csrftoken": first.cookies["csrftoken"].value}
    assert strict.post("/api/v1/cart/items/", {"product": product.pk}, headers=headers, **JSON).status_code == 201
    signed_in = Client(enforce_csrf_checks=True)
    signed_in.force_login(make_customer())
    assert signed_in.post("/api/v1/cart/items/", {"product": product.pk}, **JSON).status_code == 403


def test_a_token_needs_no_form_token_even_beside_a_session(
    make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    from rest_framework.authtoken.models import Token

    product, ada = make_product(), make_customer()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_customer())
    headers = {"authorization": f"Token {Token.objects.create(user=ada).key}"}
    answer = strict.post("/api/v1/cart/items/", {"product": product.pk}, headers=headers, **JSON)
    assert answer.status_code == 201
    assert ada.cart.items.count() == 1
