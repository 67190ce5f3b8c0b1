"""Where a cart's quantities are kept: the session for visitors, the database for customers."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction

from monolith.cart.models import Cart, Item
from monolith.errors import ShopError

__all__ = ["Basket", "CartLimit", "CustomerBasket", "SessionBasket", "checked"]

_KEY = "cart"


class CartLimit(ShopError):
    """More units of a product, or more lines, than a cart holds."""

    code = "cart_limit"


def checked(quantities: dict[int, int], product_id: int, quantity: int) -> None:
    """Raises CartLimit when ``quantity`` of this product would be too many, or the line one too many."""
    most = settings.CART_MAX_QUANTITY
    if not 1 <= quantity <= most:
        raise CartLimit(f"A cart holds 1 to {most} units of a product, not {quantity}.")
    if product_id not in quantities and len(quantities) >= settings.CART_MAX_LINES:
        raise CartLimit(f"A cart holds {settings.CART_MAX_LINES} different products at most.")


class Basket(Protocol):
    def quantities(self) -> dict[int, int]:
        """Units by product id, in the order in which they were put in."""
        ...

    def put(self, product_id: int, quantity: int) -> None:
        """Makes it ``quantity`` units of the product. Raises CartLimit."""
        ...

    def take_out(self, product_id: int) -> None: ...

    def clear(self) -> None: ...


class SessionBasket:
    def __init__(self, session: MutableMapping[str, Any]) -> None:
        self._session = session

    def quantities(self) -> dict[int, int]:
        return {int(pk): quantity for pk, quantity in self._session.get(_KEY, {}).items()}

    def put(self, product_id: int, quantity: int) -> None:
        current = self.quantities()
        checked(current, product_id, quantity)
        self._write({**current, product_id: quantity})

    def take_out(self, product_id: int) -> None:
        current = self.quantities()
        if current.pop(product_id, None) is not None:
            self._write(current)

    def clear(self) -> None:
        self._session.pop(_KEY, None)

    def _write(self, quantities: dict[int, int]) -> None:
        # A session is JSON: keys are text.
        self._session[_KEY] = {str(pk): quantity for pk, quantity in quantities.items()}


class CustomerBasket:
    def __init__(self, customer_id: int) -> None:
        self._customer_id = customer_id

    def quantities(self) -> dict[int, int]:
        return dict(
            Item.objects.filter(cart__customer_id=self._customer_id)
            .order_by("id")
            .values_list("product_id", "quantity")
        )

    @transaction.atomic
    def put(self, product_id: int, quantity: int) -> None:
        cart = self.locked()
        checked(self.quantities(), product_id, quantity)
        Item.objects.update_or_create(cart=cart, product_id=product_id, defaults={"quantity": quantity})

    def take_out(self, product_id: int) -> None:
        Item.objects.filter(cart__customer_id=self._customer_id, product_id=product_id).delete()

    def clear(self) -> None:
        Item.objects.filter(cart__customer_id=self._customer_id).delete()

    def locked(self) -> Cart:
        """The cart's row, locked until the end of the transaction that the caller has opened."""
        Cart.objects.get_or_create(customer_id=self._customer_id)
        return Cart.objects.select_for_update().get(customer_id=self._customer_id)
