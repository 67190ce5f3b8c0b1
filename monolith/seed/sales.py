"""The seeded orders with all that hangs on them, unsaved, with their ids: as the shop's own checkout leaves them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from monolith.accounts.models import Address, Customer
from monolith.cart.pricing import BasketLine, BasketPrice, NForM, Shipping, price_basket
from monolith.catalog.models import Product
from monolith.inventory.models import Reservation
from monolith.orders.models import Order, OrderEvent, OrderLine
from monolith.orders.services import lines_of
from monolith.orders.states import OrderState
from monolith.payments import provider
from monolith.payments.models import Payment, Refund, WebhookEvent
from monolith.seed.sizes import TODAY, Sizes, between, chance

__all__ = ["Sales", "sales"]

_S = OrderState
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class _Course:
    """How an order's life went: its states after the first, how often that is so, and how many days ago it began."""

    states: tuple[OrderState, ...]
    weight: int
    days_ago: tuple[float, float]


_COURSES = (
    _Course((_S.PAID, _S.SHIPPED, _S.DELIVERED), 700, (12, 1000)),
    _Course((_S.PAID, _S.SHIPPED), 80, (3, 8)),
    _Course((_S.PAID,), 70, (0.1, 2)),
    _Course((_S.PAYMENT_FAILED,), 40, (1, 900)),
    _Course((_S.PAYMENT_FAILED, _S.CANCELLED), 50, (3, 900)),
    _Course((_S.PAID, _S.REFUNDED), 20, (3, 900)),
    _Course((_S.PAID, _S.SHIPPED, _S.DELIVERED, _S.REFUNDED), 25, (40, 900)),
    _Course((), 15, (0.0, 0.006)),
)
_STEP_HOURS = {
    _S.PAID: (0.0005, 0.001),
    _S.PAYMENT_FAILED: (0.0005, 0.001),
    _S.SHIPPED: (8.0, 60.0),
    _S.DELIVERED: (20.0, 110.0),
    _S.REFUNDED: (10.0, 60.0),
    _S.CANCELLED: (0.5, 40.0),
}
_NOTES = {_S.PAYMENT_FAILED: "card declined", _S.REFUNDED: "sent back", _S.CANCELLED: "cancelled by the customer"}
_OPEN_CARDS = (provider.LATE_APPROVE, provider.LATE_DECLINE, provider.TIME_OUT)


@dataclass(slots=True)
class Sales:
    """Rows of each table, in the order of their ids."""

    orders: list[Order] = field(default_factory=list)
    lines: list[OrderLine] = field(default_factory=list)
    events: list[OrderEvent] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    webhooks: list[WebhookEvent] = field(default_factory=list)
    reservations: list[Reservation] = field(default_factory=list)
    reserved: Counter[int] = field(default_factory=Counter)
    """Units bound by active reservations, by product id."""


def sales(
    sizes: Sizes,
    people: Sequence[Customer],
    books: Sequence[Address],
    products: Sequence[Product],
    offers: Mapping[int, Sequence[NForM]],
) -> Sales:
    """``products`` are those for sale, ``offers`` their n-for-m promotions; a few customers buy most."""
    draw = chance(sizes, "sales")
    found = Sales()
    if not products:
        return found
    address_of = {address.customer_id: address for address in books}
    courses = draw.choices(_COURSES, [course.weight for course in _COURSES], k=sizes.orders)
    begun = [(_days_before(draw, course), course) for course in courses]
    numbers: set[str] = set()
    for placed, course in sorted(begun, key=lambda pair: pair[0]):
        customer = people[int(len(people) * draw.random() ** 1.8)]
        while (number := "SO-" + "".join(draw.choices(_ALPHABET, k=10))) in numbers:
            pass
        numbers.add(number)
        _sell(draw, found, number, placed, course, address_of[customer.pk], _basket(draw, products, offers))
    return found


def _days_before(draw: random.Random, course: _Course) -> datetime:
    newest, oldest = course.days_ago
    return between(draw, TODAY - timedelta(days=oldest), TODAY - timedelta(days=newest))


def _basket(draw: random.Random, products: Sequence[Product], offers: Mapping[int, Sequence[NForM]]) -> BasketPrice:
    wanted = draw.sample(products, min(draw.choice((1, 1, 1, 2, 2, 3, 4, 6)), len(products)))
    return price_basket(
        [
            BasketLine(p.pk, p.sku, p.name, p.current_price, p.tax_rate, draw.choice((1, 1, 1, 1, 2, 2, 3, 6)))
            for p in wanted
        ],
        offers,
        Shipping(settings.SHOP_SHIPPING_GROSS, settings.SHOP_SHIPPING_TAX_RATE, settings.SHOP_FREE_SHIPPING_FROM),
    )


def _sell(
    draw: random.Random,
    found: Sales,
    number: str,
    placed: datetime,
    course: _Course,
    address: Address,
    price: BasketPrice,
) -> None:
    customer = address.customer
    order = Order(
        pk=len(found.orders) + 1,
        number=number,
        customer=customer,
        email=customer.email,
        language=customer.language,
        state=(course.states[-1] if course.states else _S.PENDING_PAYMENT).value,
        currency=settings.SHOP_CURRENCY,
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
    found.orders.append(order)
    _add_lines(found, order, price)
    times = _add_events(draw, found, order, course)
    order.updated_at = max(times.values())
    _add_payment(draw, found, order, course, times)
    _add_reservations(found, order, course, price)


def _add_lines(found: Sales, order: Order, price: BasketPrice) -> None:
    for line in lines_of(order, price):
        line.pk = len(found.lines) + 1
        found.lines.append(line)


def _add_events(draw: random.Random, found: Sales, order: Order, course: _Course) -> dict[OrderState, datetime]:
    """When the order came into each of its states."""
    at = order.placed_at
    times = {_S.PENDING_PAYMENT: at}
    for state in course.states:
        at = min(at + timedelta(hours=draw.uniform(*_STEP_HOURS[state])), TODAY)
        times[state] = at
    for state, moment in times.items():
        event = OrderEvent(
            pk=len(found.events) + 1, order=order, state=state.value, note=_NOTES.get(state, ""), at=moment
        )
        found.events.append(event)
    return times


def _add_payment(
    draw: random.Random, found: Sales, order: Order, course: _Course, times: Mapping[OrderState, datetime]
) -> None:
    reference = f"pay_{draw.getrandbits(96):024x}"
    settled = times.get(_S.PAID) or times.get(_S.PAYMENT_FAILED)
    paid = _S.PAID in course.states
    state, card, reason = Payment.State.PENDING, draw.choice(_OPEN_CARDS), ""
    if paid:
        state, card = Payment.State.SUCCEEDED, draw.choice((provider.APPROVE,) * 9 + (provider.LATE_APPROVE,))
    elif settled is not None:
        state, card, reason = Payment.State.FAILED, provider.DECLINE, _NOTES[_S.PAYMENT_FAILED]
    elif card == provider.TIME_OUT:
        reason = "provider timed out"
    payment = Payment(
        pk=len(found.payments) + 1,
        order=order,
        reference=reference,
        amount=order.gross,
        currency=order.currency,
        state=state,
        card_last4=card[-4:],
        reason=reason,
        created_at=order.placed_at,
        settled_at=settled,
    )
    found.payments.append(payment)
    if paid and card == provider.LATE_APPROVE:
        webhook = WebhookEvent(
            pk=len(found.webhooks) + 1,
            event_id=f"evt_{draw.getrandbits(96):024x}",
            kind="payment.succeeded",
            reference=reference,
            received_at=settled or order.placed_at,
        )
        found.webhooks.append(webhook)
    given_back, reason = order.gross, _NOTES[_S.REFUNDED]
    if order.state == _S.DELIVERED and draw.random() < 0.02:
        given_back, reason = order.gross - order.shipping, "goodwill"
        given_back = (given_back / 4).quantize(order.gross)
    elif _S.REFUNDED not in times:
        return
    if given_back > 0:
        refund = Refund(
            pk=len(found.refunds) + 1,
            payment=payment,
            amount=given_back,
            reason=reason,
            created_at=max(times.values()),
        )
        found.refunds.append(refund)


def _add_reservations(found: Sales, order: Order, course: _Course, price: BasketPrice) -> None:
    if not course.states:
        state = Reservation.State.ACTIVE
    elif _S.PAID not in course.states or course.states == (_S.PAID, _S.REFUNDED):
        state = Reservation.State.RELEASED
    else:
        state = Reservation.State.COMMITTED
    for priced in sorted(price.lines, key=lambda priced: priced.line.product_id):
        found.reservations.append(
            Reservation(
                pk=len(found.reservations) + 1,
                # A stock row's id is its product's.
                stock_id=priced.line.product_id,
                reference=order.number,
                quantity=priced.line.quantity,
                state=state,
                expires_at=order.payment_due_at,
                created_at=order.placed_at,
            )
        )
        if state == Reservation.State.ACTIVE:
            found.reserved[priced.line.product_id] += priced.line.quantity
