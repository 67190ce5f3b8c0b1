from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.throttling import SimpleRateThrottle

from monolith.inventory import services as inventory
from monolith.orders import services as orders
from monolith.payments import provider
from tests.monolith.api.conftest import Api
from tests.monolith.conftest import MakeCustomer, MakeOrder, MakeProduct

pytestmark = pytest.mark.django_db


def test_customers_see_their_own_orders_and_staff_all(
    api: Api, make_order: MakeOrder, make_customer: MakeCustomer
) -> None:
    ada, staff = make_customer(), make_customer(is_staff=True)
    first, second, foreign = make_order(ada), make_order(ada), make_order()
    assert [each["number"] for each in api("get", "orders/", by=ada).json()["results"]] == [
        second.number,
        first.number,
    ]
    assert api("get", "orders/", by=staff).json()["count"] == 3
    assert api("get", f"orders/{foreign.number}/", by=ada).status_code == 404
    assert api("get", f"orders/{foreign.number}/", by=staff).status_code == 200
    assert api("get", "orders/").status_code == 401
    assert api("get", f"orders/{first.number}/").status_code == 401


def test_a_list_of_orders_takes_the_same_queries_however_long(
    api: Api, make_order: MakeOrder, make_customer: MakeCustomer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ada = make_customer()
    api("get", "orders/", by=ada)
    for number in (1, 4):
        for _ in range(number):
            make_order(ada)
        with django_assert_num_queries(5):  # two for the token, then count, orders, lines
            api("get", "orders/", by=ada)


def test_orders_are_filtered_by_state(api: Api, make_order: MakeOrder, make_customer: MakeCustomer) -> None:
    ada = make_customer()
    make_order(ada)
    failed = make_order(ada, card=provider.DECLINE)
    found = api("get", "orders/?state=payment_failed", by=ada).json()["results"]
    assert [each["number"] for each in found] == [failed.number]
    assert api("get", "orders/?state=lost", by=ada).status_code == 400


def test_an_order_says_what_was_bought_and_what_happened(
    api: Api, make_order: MakeOrder, make_customer: MakeCustomer, make_product: MakeProduct
) -> None:
    ada = make_customer()
    product = make_product(name="Cup", stock=5)
    order = make_order(ada, product)
    told = api("get", f"orders/{order.number}/", by=ada).json()
    assert (told["state"], told["gross"], told["ship_city"]) == ("paid", "28.70", "Berlin")
    assert [(line["product"], line["name"], line["quantity"]) for line in told["lines"]] == [(product.pk, "Cup", 2)]
    assert [event["state"] for event in told["events"]] == ["pending_payment", "paid"]
    assert len(told["payments"]) == 1


def test_an_order_is_cancelled_by_its_customer_or_staff_only(
    api: Api, make_order: MakeOrder, make_customer: MakeCustomer, make_product: MakeProduct
) -> None:
    ada, bob, staff = make_customer(), make_customer(), make_customer(is_staff=True)
    product = make_product(stock=5)
    order = make_order(ada, product)
    path = f"orders/{order.number}/cancel/"
    assert api("post", path, {}, by=bob).status_code == 404
    assert api("post", path, {}).status_code == 401
    answer = api("post", path, {"note": "changed my mind"}, by=ada)
    assert (answer.status_code, answer.json()["state"]) == (200, "refunded")
    assert answer.json()["events"][-1]["note"] == "changed my mind"
    assert inventory.levels([product.pk])[product.pk].on_hand == 5
    again = api("post", path, {}, by=ada)
    assert (again.status_code, again.json()["code"]) == (409, "transition_refused")
    other, on_its_way = make_order(bob), make_order(bob)
    orders.ship(on_its_way.pk)
    assert api("post", f"orders/{other.number}/cancel/", {}, by=staff).status_code == 200
    assert api("post", f"orders/{on_its_way.number}/cancel/", {}, by=staff).status_code == 409


def test_a_session_cancels_only_with_the_form_token(make_order: MakeOrder, make_customer: MakeCustomer) -> None:
    ada = make_customer()
    order = make_order(ada)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada)
    path = f"/api/v1/orders/{order.number}/cancel/"
    assert strict.post(path, {}, content_type="application/json").status_code == 403
    order.refresh_from_db()
    assert order.state == "paid"


def test_a_session_reads_its_own_orders(client: Client, make_order: MakeOrder, make_customer: MakeCustomer) -> None:
    ada = make_customer()
    order = make_order(ada)
    client.force_login(ada)
    assert client.get(f"/api/v1/orders/{order.number}/").json()["number"] == order.number


def test_customers_and_visitors_are_throttled_apart(
    api: Api, make_customer: MakeCustomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"anon": "1/min", "user": "2/min"})
    ada, bob = make_customer(), make_customer()
    assert [api("get", "orders/", by=ada).status_code for _ in range(3)] == [200, 200, 429]
    assert api("get", "orders/", by=bob).status_code == 200
    assert [api("get", "cart/").status_code for _ in range(2)] == [200, 429]
