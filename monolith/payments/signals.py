"""Sent inside the transaction that settles a payment: whoever raises takes the settlement back with it."""

from __future__ import annotations

from django.dispatch import Signal

__all__ = ["payment_failed", "payment_succeeded"]

payment_succeeded = Signal()
"""With ``order_id``."""
payment_failed = Signal()
"""With ``order_id`` and ``reason``."""
