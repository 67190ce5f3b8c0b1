from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from monolith.cart import services

__all__ = ["cart_count"]


def cart_count(request: HttpRequest) -> dict[str, object]:
    """``cart_count``: units in the visitor's cart, read when a template asks."""

    def read() -> int:
        return services.count(services.basket_for(request))

    return {"cart_count": SimpleLazyObject(read)}
