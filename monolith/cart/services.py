"""The cart's verbs. Catalogue facts come by ``catalog_facts()`` only."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from monolith.accounts.services import customer_of
from monolith.cart.baskets import Basket, CartLimit, CustomerBasket, SessionBasket
from monolith.cart.pricing import BasketLine, BasketPrice, Shipping, price_basket
from monolith.cart.promotions import apply_promotions, offers_for
from monolith.catalog.facts import ProductFacts, catalog_facts
from monolith.catalog.services import ProductUnavailable
from monolith.errors import ShopError

__all__ = [
    "Basket",
    "CartEmpty",
    "CartLimit",
    "CartView",
    "CustomerBasket",
    "ProductUnavailable",
    "SessionBasket",
    "add",
    "apply_promotions",
    "basket_for",
    "count",
    "merge",
    "remove",
    "set_quantity",
    "view",
]


class CartEmpty(ShopError):
    """There is nothing in the cart that could be bought."""

    code = "cart_empty"


@dataclass(frozen=True, slots=True)
class CartView:
    """A cart with today's prices. ``gone`` are products put in earlier that are no longer sold."""

    price: BasketPrice
    facts: dict[int, ProductFacts]
    gone: tuple[int, ...]
    currency: str

    @property
    def count(self) -> int:
        return sum(line.line.quantity for line in self.price.lines)


def basket_for(request: HttpRequest) -> Basket:
    """The customer's basket when somebody is signed in, else the session's."""
    customer = customer_of(request.user)
    return SessionBasket(request.session) if customer is None else CustomerBasket(customer.pk)


def add(basket: Basket, product_id: int, quantity: int = 1) -> None:
    """Puts in ``quantity`` more. Raises ProductUnavailable and CartLimit."""
    set_quantity(basket, product_id, basket.quantities().get(product_id, 0) + quantity)


def set_quantity(basket: Basket, product_id: int, quantity: int) -> None:
    """Makes it ``quantity`` units; 0 takes the product out. Raises ProductUnavailable and CartLimit."""
    if quantity == 0:
        basket.take_out(product_id)
        return
    facts = catalog_facts().product(product_id)
    if facts is None or not facts.sellable:
        raise ProductUnavailable(f"Product {product_id} is not for sale.")
    basket.put(product_id, quantity)


def remove(basket: Basket, product_id: int) -> None:
    basket.take_out(product_id)


def count(basket: Basket) -> int:
    """Units in the basket, without asking the catalogue."""
    return sum(basket.quantities().values())


def view(basket: Basket) -> CartView:
    """The basket at today's prices and promotions."""
    quantities = basket.quantities()
    facts = catalog_facts().products(quantities) if quantities else {}
    lines = [
        BasketLine(pk, facts[pk].sku, facts[pk].name, facts[pk].current_price, facts[pk].tax_rate, quantity)
        for pk, quantity in quantities.items()
        if pk in facts and facts[pk].sellable
    ]
    bought = {line.product_id for line in lines}
    shipping = Shipping(settings.SHOP_SHIPPING_GROSS, settings.SHOP_SHIPPING_TAX_RATE, settings.SHOP_FREE_SHIPPING_FROM)
    return CartView(
        price=price_basket(lines, offers_for(bought) if bought else {}, shipping),
        facts=facts,
        gone=tuple(pk for pk in quantities if pk not in bought),
        currency=settings.SHOP_CURRENCY,
    )


def merge(source: Basket, target: Basket) -> None:
    """Moves everything over: quantities add up, cut at what a cart holds.

    What does not fit in, and what the catalogue no longer knows, is left behind.
    """
    moving = source.quantities()
    known = catalog_facts().products(moving)
    for product_id, quantity in moving.items():
        if product_id not in known:
            continue
        both = target.quantities().get(product_id, 0) + quantity
        try:
            target.put(product_id, min(both, settings.CART_MAX_QUANTITY))
        except CartLimit:
            continue
        source.take_out(product_id)
