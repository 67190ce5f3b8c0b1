from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monolith.catalog.models import Product
from monolith.inventory import services as inventory
from monolith.inventory.models import Reservation
from tests.monolith.conftest import MakeProduct

pytestmark = pytest.mark.django_db


def word(product: Product) -> str:
    return Product.objects.values_list("availability", flat=True).get(pk=product.pk)


@pytest.mark.parametrize(
    ("units", "expected"), [(0, "out_of_stock"), (1, "low"), (5, "low"), (6, "in_stock"), (600, "in_stock")]
)
def test_units_make_a_word(units: int, expected: str) -> None:
    assert inventory.availability_of(units) == expected


def test_a_reservation_binds_units_and_a_commit_takes_them(make_product: MakeProduct) -> None:
    product = make_product(stock=7)
    inventory.reserve("A", {product.pk: 3})
    assert word(product) == "low"
    assert inventory.levels([product.pk])[product.pk] == inventory.StockLevel(product.pk, 7, 3)
    inventory.commit("A")
    inventory.commit("A")
    assert inventory.levels([product.pk])[product.pk] == inventory.StockLevel(product.pk, 4, 0)


def test_a_release_frees_units_and_restocks_only_when_told(make_product: MakeProduct) -> None:
    product = make_product(stock=7)
    inventory.reserve("A", {product.pk: 7})
    assert word(product) == "out_of_stock"
    inventory.release("A")
    assert word(product) == "in_stock"
    inventory.reserve("B", {product.pk: 2})
    inventory.commit("B")
    inventory.release("B")
    assert inventory.on_hand([product.pk]) == {product.pk: 5}
    inventory.release("B", restock=True)
    inventory.release("B", restock=True)
    assert inventory.on_hand([product.pk]) == {product.pk: 7}


def test_a_reservation_is_all_or_nothing_and_names_what_is_short(make_product: MakeProduct) -> None:
    plenty, short, never_stocked = make_product(), make_product(stock=1), make_product(stock=0)
    with pytest.raises(inventory.OutOfStock) as refused:
        inventory.reserve("A", {plenty.pk: 1, short.pk: 2, never_stocked.pk: 1})
    assert refused.value.available == {short.pk: 1, never_stocked.pk: 0}
    assert not Reservation.objects.exists()


def test_reserving_again_replaces_the_first_promise(make_product: MakeProduct) -> None:
    product = make_product(stock=3)
    inventory.reserve("A", {product.pk: 3})
    inventory.reserve("A", {product.pk: 2})
    assert inventory.levels([product.pk])[product.pk].sellable == 1


def test_overdue_promises_are_taken_back(make_product: MakeProduct) -> None:
    product = make_product(stock=1)
    now = timezone.now()
    inventory.reserve("A", {product.pk: 1}, ttl=timedelta(minutes=15), now=now)
    assert inventory.expire_reservations(now + timedelta(minutes=14)) == 0
    assert word(product) == "out_of_stock"
    assert inventory.expire_reservations(now + timedelta(minutes=15)) == 1
    assert word(product) == "low"


def test_an_overdue_promise_does_not_stand_in_the_way(make_product: MakeProduct) -> None:
    product = make_product(stock=1)
    now = timezone.now()
    inventory.reserve("A", {product.pk: 1}, ttl=timedelta(minutes=1), now=now)
    inventory.reserve("B", {product.pk: 1}, now=now + timedelta(minutes=2))
    with pytest.raises(inventory.ReservationLost):
        inventory.commit("A")
    inventory.commit("B")


def test_a_promise_that_ran_out_is_honoured_while_the_units_are_there(make_product: MakeProduct) -> None:
    product = make_product(stock=1)
    inventory.reserve("A", {product.pk: 1}, ttl=timedelta(0))
    inventory.expire_reservations()
    inventory.commit("A")
    assert word(product) == "out_of_stock"
    with pytest.raises(inventory.ReservationLost, match="Nothing was ever"):
        inventory.commit("nobody")
