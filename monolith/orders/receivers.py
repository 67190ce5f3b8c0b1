"""What the payments say about an order: a named tangle between payments and orders."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from monolith.orders import services
from monolith.payments.signals import payment_failed, payment_succeeded

__all__ = ["on_payment_failed", "on_payment_succeeded"]


@receiver(payment_succeeded, dispatch_uid="orders-paid")
def on_payment_succeeded(sender: Any, order_id: int, **_: Any) -> None:
    services.mark_paid(order_id)


@receiver(payment_failed, dispatch_uid="orders-payment-failed")
def on_payment_failed(sender: Any, order_id: int, reason: str, **_: Any) -> None:
    services.mark_payment_failed(order_id, reason)
