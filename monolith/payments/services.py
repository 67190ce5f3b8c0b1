"""Taking money and giving it back."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from monolith import money
from monolith.errors import ShopError
from monolith.payments import provider
from monolith.payments.models import Payment, Refund, WebhookEvent
from monolith.payments.signals import payment_failed, payment_succeeded

__all__ = [
    "RefundRefused",
    "pay",
    "payments_of",
    "receive_webhook",
    "refund_order",
    "refund_payment",
    "waiting_webhooks",
]

_State = Payment.State


class RefundRefused(ShopError):
    """There is not so much money to give back."""

    code = "refund_refused"


def payments_of(order_id: int) -> QuerySet[Payment]:
    return Payment.objects.filter(order_id=order_id).prefetch_related("refunds")


@transaction.atomic
def pay(order_id: int, amount: Decimal, currency: str, card: str) -> Payment:
    """Charges the card for an order and tells the order how it ended.

    A payment whose ending is not known yet (time out, or the provider says so) stays pending until the webhook comes.
    """
    payment = Payment.objects.create(
        order_id=order_id,
        reference="pay_" + secrets.token_hex(12),
        amount=amount,
        currency=currency,
        card_last4="".join(filter(str.isdigit, card))[-4:],
    )
    try:
        result = provider.charge(payment.reference, amount, currency, card)
    except provider.ProviderTimeout:
        payment.reason = "provider timed out"
        payment.save(update_fields=["reason"])
        return payment
    if result.status != "pending":
        _settle(payment, _State(result.status), result.reason)
    return payment


def _settle(payment: Payment, state: Payment.State, reason: str) -> None:
    payment.state = state
    payment.reason = reason[:200]
    payment.settled_at = timezone.now()
    payment.save(update_fields=["state", "reason", "settled_at"])
    if state == _State.SUCCEEDED:
        payment_succeeded.send(sender=Payment, order_id=payment.order_id)
    else:
        payment_failed.send(sender=Payment, order_id=payment.order_id, reason=payment.reason)


def receive_webhook(body: bytes, signature: str) -> bool:
    """Does what the provider's message says, once; False when it came before.

    Raises BadSignature, and BadWebhook for a message or a payment that we do not know.
    """
    message = provider.read_webhook(body, signature, settings.PAYMENT_WEBHOOK_SECRET)
    with transaction.atomic():
        order_id = Payment.objects.filter(reference=message.reference).values_list("order_id", flat=True).first()
        if order_id is None:
            raise provider.BadWebhook(f"No payment has the reference {message.reference!r}.")
        try:
            with transaction.atomic():
                WebhookEvent.objects.create(event_id=message.event_id, kind=message.kind, reference=message.reference)
        except IntegrityError:
            return False
        payment = Payment.objects.select_for_update().get(reference=message.reference)
        if payment.state == _State.PENDING:
            _settle(payment, _State(message.outcome), message.reason)
    return True


def waiting_webhooks(before: datetime | None = None) -> list[provider.SignedWebhook]:
    """The messages that the provider still owes us, for payments made ``before`` (default: now)."""
    open_payments = Payment.objects.filter(state=_State.PENDING, created_at__lte=before or timezone.now())
    return [
        provider.webhook_for(p.reference, provider.late_outcome(p.card_last4), settings.PAYMENT_WEBHOOK_SECRET)
        for p in open_payments.order_by("id")
    ]


@transaction.atomic
def refund_payment(payment_id: int, amount: Decimal, reason: str = "") -> Refund:
    """Gives back a part or all. Raises RefundRefused when that is more than is left, or nothing."""
    payment = Payment.objects.select_for_update().get(pk=payment_id)
    left = _left(payment)
    if payment.state != _State.SUCCEEDED or not money.ZERO < amount <= left:
        raise RefundRefused(f"{amount} cannot be refunded of payment {payment.reference}: {left} is left.")
    return Refund.objects.create(payment=payment, amount=amount, reason=reason[:200])


@transaction.atomic
def refund_order(order_id: int, *, reason: str = "") -> Decimal:
    """Gives back all that is left of an order's payments; returns how much that was."""
    total = money.ZERO
    paid = Payment.objects.select_for_update().filter(order_id=order_id, state=_State.SUCCEEDED)
    for payment in paid.order_by("id"):
        left = _left(payment)
        if left > money.ZERO:
            Refund.objects.create(payment=payment, amount=left, reason=reason[:200])
            total += left
    return total


def _left(payment: Payment) -> Decimal:
    if payment.state != _State.SUCCEEDED:
        return money.ZERO
    given: Decimal | None = payment.refunds.aggregate(sum=Sum("amount"))["sum"]
    return payment.amount - (given or money.ZERO)
