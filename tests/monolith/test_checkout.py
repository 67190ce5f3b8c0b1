from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core import mail
from django.utils import timezone

from monolith.cart import services as cart
from monolith.catalog.models import Product
from monolith.checkout.services import IdempotencyConflict, ShippingAddress, place_order
from monolith.inventory import services as inventory
from monolith.notifications.models import Mail
from monolith.orders import services as orders
from monolith.orders.models import Order
from monolith.payments import provider
from monolith.payments import services as payments
from monolith.payments.models import Payment, WebhookEvent
from tests.monolith.conftest import MakeCustomer, MakeOrder, MakeProduct

pytestmark = pytest.mark.django_db


def hook(order: Order, outcome: provider.Outcome = "succeeded", event_id: str | None = None) -> provider.SignedWebhook:
    reference = Payment.objects.get(order=order).reference
    return provider.webhook_for(reference, outcome, settings.PAYMENT_WEBHOOK_SECRET, event_id=event_id)


def receive(signed: provider.SignedWebhook) -> bool:
    return payments.receive_webhook(signed.body, signed.signature)


def units(product: Product) -> tuple[int, int]:
    level = inventory.levels([product.pk])[product.pk]
    return level.on_hand, level.reserved


def test_an_approved_card_pays_ships_stock_and_empties_the_cart(
    make_order: MakeOrder, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    buyer, product = make_customer(), make_product(name="Messer", price=Decimal("10.00"))
    order = make_order(buyer, product, quantity=2)
    assert order.state == "paid"
    assert (order.net, order.tax, order.gross) == (Decimal("24.12"), Decimal("4.58"), Decimal("28.70"))
    line = order.lines.get()
    assert (line.name, line.quantity, line.unit_gross, line.gross) == ("Messer", 2, Decimal("11.90"), Decimal("23.80"))
    assert units(product) == (8, 0)
    assert cart.CustomerBasket(buyer.pk).quantities() == {}
    assert [event.state for event in order.events.all()] == ["pending_payment", "paid"]
    assert Payment.objects.get().card_last4 == "4242"


def test_a_line_outlives_its_product_and_keeps_its_words(make_order: MakeOrder, make_product: MakeProduct) -> None:
    product = make_product(name="Messer")
    order = make_order(product=product)
    Product.objects.all().delete()
    line = order.lines.get()
    assert (line.product_id, line.name) == (None, "Messer")


def test_a_declined_card_keeps_the_cart_and_frees_the_units(
    make_order: MakeOrder, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    buyer, product = make_customer(), make_product()
    order = make_order(buyer, product, card=provider.DECLINE)
    assert order.state == "payment_failed"
    assert units(product) == (10, 0)
    assert cart.CustomerBasket(buyer.pk).quantities() == {product.pk: 2}


@pytest.mark.parametrize("card", [provider.TIME_OUT, provider.LATE_APPROVE])
def test_an_open_payment_keeps_the_units_until_the_webhook_comes(
    card: str, make_order: MakeOrder, make_product: MakeProduct
) -> None:
    product = make_product()
    order = make_order(product=product, card=card)
    assert (order.state, units(product)) == ("pending_payment", (10, 2))
    assert [receive(signed) for signed in payments.waiting_webhooks()] == [True]
    order.refresh_from_db()
    assert (order.state, units(product)) == ("paid", (8, 0))
    assert payments.waiting_webhooks() == []


def test_a_late_no_frees_the_units(make_order: MakeOrder, make_product: MakeProduct) -> None:
    product = make_product()
    order = make_order(product=product, card=provider.LATE_DECLINE)
    for signed in payments.waiting_webhooks():
        receive(signed)
    order.refresh_from_db()
    assert (order.state, units(product)) == ("payment_failed", (10, 0))


def test_a_webhook_that_comes_twice_works_once(make_order: MakeOrder, make_product: MakeProduct) -> None:
    product = make_product()
    order = make_order(product=product, card=provider.LATE_APPROVE)
    assert receive(hook(order, event_id="evt_1")) is True
    assert receive(hook(order, event_id="evt_1")) is False
    assert receive(hook(order, event_id="evt_2")) is True
    assert receive(hook(order, "failed", event_id="evt_3")) is True
    order.refresh_from_db()
    assert (order.state, units(product)) == ("paid", (8, 0))
    assert [event.state for event in order.events.all()] == ["pending_payment", "paid"]
    assert WebhookEvent.objects.count() == 3


def test_a_webhook_without_the_providers_signature_is_refused(make_order: MakeOrder) -> None:
    signed = hook(make_order(card=provider.LATE_APPROVE))
    for signature in ("", "é", signed.signature[:-1] + "x"):
        with pytest.raises(provider.BadSignature):
            payments.receive_webhook(signed.body, signature)
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"id": "e"}',
        b'{"id": "e", "type": "x", "data": {"reference": "r"}}',
        b'{"id": "e", "type": "payment.failed", "data": []}',
        b'{"id": "e", "type": "payment.failed", "data": {"reference": 1}}',
        b'{"id": "e", "type": "payment.failed", "data": {"reference": "of nobody"}}',
        b'{"id": "e", "type": {}, "data": {"reference": "r"}}',
    ],
)
def test_a_signed_message_that_means_nothing_is_refused(body: bytes) -> None:
    with pytest.raises(provider.BadWebhook):
        payments.receive_webhook(body, provider.sign(body, settings.PAYMENT_WEBHOOK_SECRET))


def test_an_order_never_paid_is_called_off_and_money_that_comes_later_goes_back(
    make_order: MakeOrder, make_product: MakeProduct
) -> None:
    product = make_product()
    order = make_order(product=product, card=provider.TIME_OUT)
    assert orders.cancel_overdue() == 0
    assert orders.cancel_overdue(timezone.now() + timedelta(hours=1)) == 1
    assert orders.cancel_overdue(timezone.now() + timedelta(hours=1)) == 0
    order.refresh_from_db()
    assert (order.state, units(product)) == ("cancelled", (10, 0))
    receive(hook(order))
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert Payment.objects.get().refunds.get().amount == order.gross


def test_money_for_units_that_are_gone_goes_back(
    make_order: MakeOrder, make_product: MakeProduct, make_customer: MakeCustomer
) -> None:
    product = make_product(stock=2)
    order = make_order(product=product, card=provider.TIME_OUT)
    inventory.expire_reservations(timezone.now() + timedelta(hours=1))
    assert make_order(product=product).state == "paid"
    receive(hook(order))
    order.refresh_from_db()
    assert (order.state, units(product)) == ("cancelled", (0, 0))
    assert Payment.objects.get(order=order).refunds.get().amount == order.gross


def test_the_same_key_buys_once(
    make_customer: MakeCustomer, make_product: MakeProduct, address: ShippingAddress
) -> None:
    buyer, product = make_customer(), make_product()
    basket = cart.CustomerBasket(buyer.pk)
    basket.put(product.pk, 1)
    first = place_order(buyer, address, provider.APPROVE, idempotency_key="k")
    basket.put(product.pk, 1)
    assert place_order(buyer, address, provider.APPROVE, idempotency_key="k") == first
    assert units(product) == (9, 0)
    with pytest.raises(IdempotencyConflict):
        place_order(buyer, address, provider.DECLINE, idempotency_key="k")


def test_a_purchase_that_cannot_be_leaves_nothing_behind(
    make_customer: MakeCustomer, make_product: MakeProduct, address: ShippingAddress
) -> None:
    buyer = make_customer()
    basket = cart.CustomerBasket(buyer.pk)
    with pytest.raises(cart.CartEmpty):
        place_order(buyer, address, provider.APPROVE, idempotency_key="k")
    product = make_product(stock=1)
    basket.put(product.pk, 2)
    with pytest.raises(inventory.OutOfStock):
        place_order(buyer, address, provider.APPROVE, idempotency_key="k")
    Product.objects.update(is_published=False)
    with pytest.raises(cart.ProductUnavailable):
        place_order(buyer, address, provider.APPROVE, idempotency_key="k")
    assert not Order.objects.exists()
    assert not Payment.objects.exists()
    assert basket.quantities() == {product.pk: 2}


def test_an_order_cancelled_after_payment_gives_money_and_units_back(
    make_order: MakeOrder, make_product: MakeProduct
) -> None:
    product = make_product()
    order = orders.cancel(make_order(product=product).pk)
    assert (order.state, units(product)) == ("refunded", (10, 0))
    assert Payment.objects.get().refunds.get().amount == order.gross


def test_a_delivered_order_can_be_refunded_but_not_cancelled(make_order: MakeOrder, make_product: MakeProduct) -> None:
    product = make_product()
    order = make_order(product=product)
    orders.ship(order.pk)
    orders.mark_delivered(order.pk)
    with pytest.raises(orders.TransitionRefused):
        orders.cancel(order.pk)
    assert orders.refund(order.pk).state == "refunded"
    assert units(product) == (8, 0)


def test_a_payment_is_refunded_in_parts_and_never_beyond(make_order: MakeOrder) -> None:
    order = make_order()
    payment = Payment.objects.get()
    payments.refund_payment(payment.pk, Decimal("5.00"), "scratched")
    for amount in (order.gross, Decimal("0.00"), Decimal("-1.00")):
        with pytest.raises(payments.RefundRefused):
            payments.refund_payment(payment.pk, amount)
    assert payments.refund_order(order.pk) == order.gross - 5
    assert payments.refund_order(order.pk) == 0


def test_mails_go_out_after_the_commit_in_the_customers_language(
    make_order: MakeOrder, django_capture_on_commit_callbacks: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        order = make_order()
        assert mail.outbox == []
    assert [(m.subject, m.to) for m in mail.outbox] == [(f"Your order {order.number} is paid", [order.email])]
    assert Mail.objects.get().state == "sent"
