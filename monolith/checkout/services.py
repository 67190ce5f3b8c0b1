"""Buying: one transaction over cart, stock, order and payment. This is the knot that the plan has to cut."""

from __future__ import annotations

import hashlib
from dataclasses import astuple

from django.db import IntegrityError, transaction

from monolith.accounts.services import Customer
from monolith.cart import services as cart
from monolith.checkout.models import Attempt
from monolith.errors import ShopError
from monolith.inventory import services as inventory
from monolith.orders import services as orders
from monolith.orders.services import Order, ShippingAddress
from monolith.payments import services as payments

__all__ = ["IdempotencyConflict", "ShippingAddress", "place_order"]


class IdempotencyConflict(ShopError):
    """The key was used before, for another purchase."""

    code = "idempotency_conflict"


def place_order(
    customer: Customer, address: ShippingAddress, card: str, *, idempotency_key: str, language: str | None = None
) -> Order:
    """Buys what is in the customer's cart; all of it or nothing.

    The order returned is paid, payment_failed (declined: the cart is kept) or pending_payment (the provider has not
    said yet). The same key returns the first order again. Raises CartEmpty, ProductUnavailable, OutOfStock,
    IdempotencyConflict.
    """
    fingerprint = hashlib.sha256(repr((astuple(address), card[-4:])).encode()).hexdigest()
    with transaction.atomic():
        try:
            with transaction.atomic():
                attempt = Attempt.objects.create(customer=customer, key=idempotency_key, fingerprint=fingerprint)
        except IntegrityError:
            return _again(customer, idempotency_key, fingerprint)
        order = _buy(customer, address, card, language or customer.language)
        attempt.order = order
        attempt.save(update_fields=["order"])
    return order


def _buy(customer: Customer, address: ShippingAddress, card: str, language: str) -> Order:
    basket = cart.CustomerBasket(customer.pk)
    basket.locked()
    view = cart.view(basket)
    if view.gone:
        raise cart.ProductUnavailable(f"No longer for sale: product {', '.join(map(str, view.gone))}.")
    if not view.price.lines:
        raise cart.CartEmpty("There is nothing in the cart.")
    order = orders.create(
        customer_id=customer.pk,
        email=customer.email,
        language=language,
        price=view.price,
        currency=view.currency,
        address=address,
    )
    inventory.reserve(order.number, {line.line.product_id: line.line.quantity for line in view.price.lines})
    payments.pay(order.pk, order.gross, order.currency, card)
    order.refresh_from_db()
    if order.state != orders.OrderState.PAYMENT_FAILED:
        basket.clear()
    return order


def _again(customer: Customer, key: str, fingerprint: str) -> Order:
    attempt = Attempt.objects.select_related("order").get(customer=customer, key=key)
    if attempt.fingerprint != fingerprint or attempt.order is None:
        raise IdempotencyConflict(f"The key {key!r} belongs to another purchase: use a new one.")
    return attempt.order
