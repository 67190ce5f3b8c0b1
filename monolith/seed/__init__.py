"""The seeded shop: a whole shop's rows from one number, the same ones every time."""

from __future__ import annotations

from monolith.seed.filling import ShopNotEmpty, empty, fill
from monolith.seed.sizes import ADMIN_EMAIL, CUSTOMER_PASSWORD, TODAY, Sizes

__all__ = ["ADMIN_EMAIL", "CUSTOMER_PASSWORD", "TODAY", "ShopNotEmpty", "Sizes", "empty", "fill"]
