from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.utils import timezone

from monolith.cart import services as cart
from monolith.cart.models import Promotion
from monolith.catalog.models import Product
from monolith.catalog.services import ProductUnavailable
from tests.monolith.conftest import MakeCategory, MakeCustomer, MakeProduct

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["session", "customer"])
def basket(request: pytest.FixtureRequest, make_customer: MakeCustomer) -> cart.Basket:
    return cart.SessionBasket({}) if request.param == "session" else cart.CustomerBasket(make_customer().pk)


def test_a_basket_adds_sets_and_takes_out(basket: cart.Basket, make_product: MakeProduct) -> None:
    first, second = make_product(), make_product()
    cart.add(basket, first.pk)
    cart.add(basket, second.pk, 2)
    cart.add(basket, first.pk, 3)
    assert basket.quantities() == {first.pk: 4, second.pk: 2}
    assert cart.count(basket) == 6
    cart.set_quantity(basket, second.pk, 0)
    cart.remove(basket, first.pk)
    assert basket.quantities() == {}


def test_quantities_and_lines_are_bounded(basket: cart.Basket, make_product: MakeProduct, settings: Any) -> None:
    settings.CART_MAX_LINES = 1
    product = make_product()
    cart.add(basket, product.pk, 20)
    for pk in (product.pk, make_product().pk):
        with pytest.raises(cart.CartLimit):
            cart.add(basket, pk)
    with pytest.raises(cart.CartLimit):
        cart.set_quantity(basket, product.pk, -1)


def test_only_what_is_sold_gets_in(basket: cart.Basket, make_product: MakeProduct) -> None:
    for pk in (0, make_product(is_published=False).pk, make_product(is_discontinued=True).pk):
        with pytest.raises(ProductUnavailable):
            cart.add(basket, pk)


def test_a_view_shows_todays_prices_and_what_is_gone(basket: cart.Basket, make_product: MakeProduct) -> None:
    kept, gone = make_product(price=Decimal("10.00"), sale_price=Decimal("8.00")), make_product()
    cart.add(basket, kept.pk, 2)
    cart.add(basket, gone.pk)
    Product.objects.filter(pk=gone.pk).update(is_discontinued=True)
    view = cart.view(basket)
    assert view.price.goods == Decimal("19.04")
    assert view.gone == (gone.pk,)
    assert view.count == 2


def test_a_product_deleted_leaves_the_carts(make_customer: MakeCustomer, make_product: MakeProduct) -> None:
    basket, product = cart.CustomerBasket(make_customer().pk), make_product()
    cart.add(basket, product.pk)
    product.delete()
    assert basket.quantities() == {}


def test_the_visitors_cart_comes_along_at_login(
    client: Client, rf: RequestFactory, make_customer: MakeCustomer, make_product: MakeProduct
) -> None:
    customer, both, visited = make_customer(), make_product(), make_product()
    deleted = make_product()
    cart.add(cart.CustomerBasket(customer.pk), both.pk, 15)
    request = rf.get("/")
    request.session = client.session
    visitor = cart.SessionBasket(request.session)
    cart.add(visitor, both.pk, 10)
    cart.add(visitor, visited.pk, 1)
    cart.add(visitor, deleted.pk, 1)
    deleted.delete()
    login(request, customer)
    assert cart.CustomerBasket(customer.pk).quantities() == {both.pk: 20, visited.pk: 1}
    assert cart.SessionBasket(request.session).quantities() == {}


def test_n_for_m_counts_in_the_cart(basket: cart.Basket, make_product: MakeProduct) -> None:
    product = make_product(price=Decimal("10.00"), tax_rate=Decimal("0.00"))
    promotion = Promotion.objects.create(name="3 for 2", kind="n_for_m", take=3, pay=2)
    promotion.products.add(product)
    cart.add(basket, product.pk, 3)
    assert cart.view(basket).price.goods == Decimal("20.00")
    Promotion.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert cart.view(basket).price.goods == Decimal("30.00")


def test_the_nightly_job_writes_sale_prices_and_takes_old_ones_off(
    make_category: MakeCategory, make_product: MakeProduct
) -> None:
    above = make_category()
    below = make_category(parent=above)
    product, named = make_product(category=below), make_product()
    stale = make_product(sale_price=Decimal("1.00"))
    Promotion.objects.create(name="Tenth off", kind="percent", percent=Decimal(10), category=above)
    fifth = Promotion.objects.create(name="Fifth off", kind="percent", percent=Decimal(20))
    fifth.products.add(product, named)
    assert cart.apply_promotions() == 3
    assert dict(Product.objects.values_list("pk", "sale_price")) == {
        product.pk: Decimal("8.00"),
        named.pk: Decimal("8.00"),
        stale.pk: None,
    }
    assert cart.apply_promotions() == 0
    assert cart.apply_promotions(timezone.now() - timedelta(days=1)) == 2


@pytest.mark.parametrize(
    "fields",
    [{"kind": "percent"}, {"kind": "n_for_m", "take": 2, "pay": 2}, {"kind": "n_for_m", "take": 3}],
)
def test_a_promotion_that_gives_nothing_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Promotion(name="Nothing", **fields).full_clean()
