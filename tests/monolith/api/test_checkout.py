from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.throttling import ScopedRateThrottle

from monolith.cart.services import CustomerBasket
from monolith.orders.models import Order
from monolith.payments import provider
from tests.monolith.api.conftest import Api
from tests.monolith.conftest import MakeCustomer, MakeProduct

pytestmark = pytest.mark.django_db
PURCHASE = {
    "name": "Ada Lovelace", "street": "Hauptstraße 1", "postcode": "10115", "city": "Berlin",
    "card": "4242 4242 4242 4242",
}  # fmt: skip


@pytest.fixture
def ada(make_customer: MakeCustomer, make_product: MakeProduct) -> Any:
    """With two units of a new product in her cart."""
    customer = make_customer()
    CustomerBasket(customer.pk).put(make_product(stock=5).pk, 2)
    return customer


def buy(api: Api, ada: Any, key: str = "k-1", **changes: str) -> Any:
    return api("post", "checkout/", {**PURCHASE, **changes}, by=ada, **{"idempotency-key": key})


def test_a_customer_buys_what_is_in_the_cart(api: Api, ada: Any) -> None:
    answer = buy(api, ada)
    order = Order.objects.get()
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "number": order.number, "state": "paid", "gross": "28.70", "currency": "EUR",
            "url": f"http://testserver/api/v1/orders/{order.number}/",
        },
    )  # fmt: skip
    assert order.ship_country == "DE"
    assert api("get", "cart/", by=ada).json()["count"] == 0


def test_the_same_key_never_buys_twice(api: Api, ada: Any, make_product: MakeProduct) -> None:
    first = buy(api, ada)
    CustomerBasket(ada.pk).put(make_product().pk, 1)
    again = buy(api, ada)
    assert (again.status_code, again.json()) == (201, first.json())
    other = buy(api, ada, city="Potsdam")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert Order.objects.count() == 1
    assert buy(api, ada, key="k-2").status_code == 201


@pytest.mark.parametrize(
    ("card", "state", "kept"),
    [(provider.DECLINE, "payment_failed", 2), (provider.TIME_OUT, "pending_payment", 0)],
)
def test_the_state_says_how_the_payment_went(api: Api, ada: Any, card: str, state: str, kept: int) -> None:
    answer = buy(api, ada, card=card)
    assert (answer.status_code, answer.json()["state"]) == (201, state)
    assert api("get", "cart/", by=ada).json()["count"] == kept


def test_nothing_is_bought_when_something_is_missing(api: Api, ada: Any, make_customer: MakeCustomer) -> None:
    (product_id,) = CustomerBasket(ada.pk).quantities()
    CustomerBasket(ada.pk).put(product_id, 6)
    short = buy(api, ada)
    assert (short.status_code, short.json()["code"]) == (409, "out_of_stock")
    assert short.json()["available"] == {str(product_id): 5}
    empty = buy(api, make_customer())
    assert (empty.status_code, empty.json()["code"]) == (409, "cart_empty")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"country": "Germany"}, {"country": "de"}, {"card": "4242"}, {"card": "x" * 16}]
)
def test_a_wrong_purchase_is_refused_with_its_fields(api: Api, ada: Any, wrong: dict[str, str]) -> None:
    answer = buy(api, ada, **wrong)
    assert (answer.status_code, list(answer.json())) == (400, list(wrong))


def test_the_key_is_required_and_not_too_long(api: Api, ada: Any) -> None:
    assert api("post", "checkout/", PURCHASE, by=ada).json().keys() == {"Idempotency-Key"}
    assert buy(api, ada, key="k" * 81).status_code == 400
    assert buy(api, ada, key="k" * 80).status_code == 201


def test_visitors_do_not_buy_and_a_session_needs_the_form_token(api: Api, ada: Any) -> None:
    assert api("post", "checkout/", PURCHASE, **{"idempotency-key": "k"}).status_code == 401
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    answer = strict.post(
        "/api/v1/checkout/", PURCHASE, content_type="application/json", headers={"idempotency-key": "k"}
    )
    assert answer.status_code == 403
    assert not Order.objects.exists()


def test_buying_is_throttled_for_each_customer(
    api: Api, ada: Any, make_customer: MakeCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"checkout": "1/min"})
    assert buy(api, ada).status_code == 201
    assert buy(api, ada, key="k-2").status_code == 429
    assert buy(api, make_customer()).status_code == 409
