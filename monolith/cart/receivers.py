"""A visitor's cart comes along at login."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from monolith.accounts.services import customer_of
from monolith.cart.baskets import CustomerBasket, SessionBasket
from monolith.cart.services import merge

__all__ = ["bring_the_cart_along"]


@receiver(user_logged_in, dispatch_uid="cart-merge")
def bring_the_cart_along(sender: Any, request: HttpRequest | None, user: Any, **_: Any) -> None:
    customer = customer_of(user)
    if request is None or customer is None or not hasattr(request, "session"):
        return
    visitor = SessionBasket(request.session)
    if visitor.quantities():
        merge(visitor, CustomerBasket(customer.pk))
        visitor.clear()
