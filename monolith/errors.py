"""What can go wrong in the shop's domain.

ShopError
├── catalog: ProductUnavailable, AlreadyReviewed
├── inventory: OutOfStock, ReservationLost
├── cart: CartLimit, CartEmpty
├── orders: TransitionRefused
├── payments: BadSignature, BadWebhook, RefundRefused
└── checkout: IdempotencyConflict
"""

from __future__ import annotations

__all__ = ["ShopError"]


class ShopError(Exception):
    """The root. ``code`` is stable and meant for clients; the message is for people."""

    code = "shop_error"
