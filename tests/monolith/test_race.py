from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from monolith.cart.services import CustomerBasket
from monolith.checkout.services import ShippingAddress, place_order
from monolith.inventory import services as inventory
from monolith.inventory.models import Reservation
from monolith.orders.models import Order
from monolith.payments import provider
from tests.monolith.conftest import MakeCustomer, MakeProduct

pytestmark = pytest.mark.django_db(transaction=True)


def together(*actions: Callable[[], object]) -> list[object]:
    """Runs all at once, each on a thread and connection of its own; what one raised stands in its place."""
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        try:
            gate.wait()
            return action()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_two_customers_and_one_unit_make_one_order(
    make_product: MakeProduct, make_customer: MakeCustomer, address: ShippingAddress
) -> None:
    product = make_product(stock=1)
    buyers = [make_customer(), make_customer()]
    for buyer in buyers:
        CustomerBasket(buyer.pk).put(product.pk, 1)
    results = together(*(lambda b=b: place_order(b, address, provider.APPROVE, idempotency_key="k") for b in buyers))
    assert sorted(type(result).__name__ for result in results) == ["Order", "OutOfStock"]
    assert Order.objects.get().state == "paid"
    assert inventory.levels([product.pk])[product.pk] == inventory.StockLevel(product.pk, 0, 0)


def test_one_click_that_arrives_four_times_buys_once(
    make_product: MakeProduct, make_customer: MakeCustomer, address: ShippingAddress
) -> None:
    buyer, product = make_customer(), make_product(stock=9)
    CustomerBasket(buyer.pk).put(product.pk, 1)
    results = together(*[lambda: place_order(buyer, address, provider.APPROVE, idempotency_key="k")] * 4)
    assert set(results) == {Order.objects.get()}


def test_many_reservations_never_promise_more_than_there_is(make_product: MakeProduct) -> None:
    product = make_product(stock=5)
    results = together(*(lambda i=i: inventory.reserve(f"R{i}", {product.pk: 1}) for i in range(8)))
    assert sum(result is None for result in results) == 5
    assert sum(isinstance(result, inventory.OutOfStock) for result in results) == 3
    assert Reservation.objects.count() == 5
