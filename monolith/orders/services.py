"""An order's verbs. Each locks the order, checks the transition, and moves stock, money and mail along with it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from monolith.cart.pricing import BasketPrice
from monolith.inventory import services as inventory
from monolith.notifications import services as notifications
from monolith.orders.models import Order, OrderEvent, OrderLine
from monolith.orders.states import OrderState, TransitionRefused, check_transition, may_become
from monolith.payments import services as payments

__all__ = [
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderState",
    "ShippingAddress",
    "TransitionRefused",
    "cancel",
    "cancel_overdue",
    "create",
    "lines_of",
    "mark_delivered",
    "mark_paid",
    "mark_payment_failed",
    "new_number",
    "order_by_id",
    "order_by_number",
    "orders_of",
    "refund",
    "ship",
]

# Without 0, O, 1, I, L and U: a number is read out on the telephone.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class ShippingAddress:
    name: str
    street: str
    postcode: str
    city: str
    country: str = "DE"


def new_number() -> str:
    return "SO-" + "".join(secrets.choice(_ALPHABET) for _ in range(10))


def orders_of(customer_id: int) -> QuerySet[Order]:
    """The customer's orders, the newest first."""
    return Order.objects.filter(customer_id=customer_id).prefetch_related("lines")


def order_by_number(number: str, *, customer_id: int | None = None) -> Order | None:
    """The order of that number; with ``customer_id`` only when it is this customer's."""
    found = Order.objects.filter(number=number)
    return (found if customer_id is None else found.filter(customer_id=customer_id)).first()


def order_by_id(order_id: int) -> Order:
    """Raises Order.DoesNotExist."""
    return Order.objects.get(pk=order_id)


@transaction.atomic
def create(
    *,
    customer_id: int,
    email: str,
    language: str,
    price: BasketPrice,
    currency: str,
    address: ShippingAddress,
    number: str | None = None,
    placed_at: datetime | None = None,
) -> Order:
    """An order that waits for its payment, with its lines frozen from ``price``."""
    placed = placed_at or timezone.now()
    order = Order.objects.create(
        number=number or new_number(),
        customer_id=customer_id,
        email=email,
        language=language,
        currency=currency,
        net=price.net,
        tax=price.tax,
        gross=price.gross,
        shipping=price.shipping,
        discount=price.discount,
        ship_name=address.name,
        ship_street=address.street,
        ship_postcode=address.postcode,
        ship_city=address.city,
        ship_country=address.country,
        placed_at=placed,
        payment_due_at=placed + settings.RESERVATION_TIME,
    )
    OrderLine.objects.bulk_create(lines_of(order, price))
    OrderEvent.objects.create(order=order, state=order.state, at=placed)
    return order


def lines_of(order: Order, price: BasketPrice) -> list[OrderLine]:
    """The order's lines, unsaved, as ``price`` has them."""
    return [
        OrderLine(
            order=order,
            product_id=priced.line.product_id,
            position=position,
            sku=priced.line.sku,
            name=priced.line.name,
            quantity=priced.line.quantity,
            unit_net=priced.line.unit_net,
            unit_gross=priced.unit_gross,
            tax_rate=priced.line.tax_rate,
            discount=priced.discount,
            promotion=priced.promotion,
            net=priced.net,
            tax=priced.tax,
            gross=priced.gross,
        )
        for position, priced in enumerate(price.lines, 1)
    ]


def _locked(order_id: int) -> Order:
    return Order.objects.select_for_update().get(pk=order_id)


def _move(order: Order, state: OrderState, note: str = "") -> None:
    check_transition(order.state, state)
    order.state = state.value
    order.save(update_fields=["state", "updated_at"])
    OrderEvent.objects.create(order=order, state=order.state, note=note)


def _mail(kind: str, order: Order) -> None:
    notifications.queue(
        kind,
        to=order.email,
        language=order.language,
        context={
            "number": order.number,
            "name": order.ship_name,
            "gross": str(order.gross),
            "currency": order.currency,
        },
    )


@transaction.atomic
def mark_paid(order_id: int) -> Order:
    """The money is there: the units leave the shelf.

    Money for an order called off meanwhile, or whose units have gone to somebody else, is sent back. Doing it twice
    is doing it once.
    """
    order = _locked(order_id)
    if order.state in (OrderState.CANCELLED, OrderState.PAYMENT_FAILED):
        payments.refund_order(order.pk, reason="paid after the order had ended")
        _mail("order_refunded", order)
        return order
    if not may_become(order.state, OrderState.PAID):
        return order
    try:
        inventory.commit(order.number)
    except inventory.ReservationLost:
        inventory.release(order.number)
        _move(order, OrderState.CANCELLED, "paid too late: the reserved units were gone")
        payments.refund_order(order.pk, reason="the reserved units were gone")
        _mail("order_refunded", order)
        return order
    _move(order, OrderState.PAID)
    _mail("order_paid", order)
    return order


@transaction.atomic
def mark_payment_failed(order_id: int, reason: str = "") -> Order:
    """The provider said no: the units are free again. Too late for an order that has moved on."""
    order = _locked(order_id)
    if not may_become(order.state, OrderState.PAYMENT_FAILED):
        return order
    inventory.release(order.number)
    _move(order, OrderState.PAYMENT_FAILED, reason[:200])
    _mail("payment_failed", order)
    return order


@transaction.atomic
def cancel(order_id: int, note: str = "") -> Order:
    """Calls the order off; a paid one that has not left yet is refunded. Raises TransitionRefused."""
    order = _locked(order_id)
    if order.state == OrderState.PAID:
        return refund(order_id, note or "cancelled")
    _move(order, OrderState.CANCELLED, note)
    inventory.release(order.number)
    _mail("order_cancelled", order)
    return order


@transaction.atomic
def refund(order_id: int, note: str = "") -> Order:
    """Sends all the money back; units that have not left yet return to the shelf. Raises TransitionRefused."""
    order = _locked(order_id)
    in_the_house = order.state == OrderState.PAID
    _move(order, OrderState.REFUNDED, note)
    payments.refund_order(order.pk, reason=note or "refunded")
    if in_the_house:
        inventory.release(order.number, restock=True)
    _mail("order_refunded", order)
    return order


@transaction.atomic
def ship(order_id: int) -> Order:
    """Raises TransitionRefused unless the order is paid."""
    order = _locked(order_id)
    _move(order, OrderState.SHIPPED)
    _mail("order_shipped", order)
    return order


@transaction.atomic
def mark_delivered(order_id: int) -> Order:
    """Raises TransitionRefused unless the order is shipped."""
    order = _locked(order_id)
    _move(order, OrderState.DELIVERED)
    return order


def cancel_overdue(now: datetime | None = None) -> int:
    """Calls off the orders whose payment never came; returns how many. Each in its own transaction."""
    moment = now or timezone.now()
    due = Order.objects.filter(state=OrderState.PENDING_PAYMENT.value, payment_due_at__lte=moment)
    cancelled = 0
    for order_id in list(due.order_by("id").values_list("pk", flat=True)):
        with transaction.atomic():
            # Looked at again under the lock: the money may have come this very moment.
            if _locked(order_id).state == OrderState.PENDING_PAYMENT:
                cancel(order_id, "not paid in time")
                cancelled += 1
    return cancelled
