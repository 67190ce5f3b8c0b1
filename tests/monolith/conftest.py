"""Small factories: each makes one plausible thing, every field can be given."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache

from monolith.accounts.models import Customer
from monolith.cart.services import CustomerBasket
from monolith.catalog.models import Category, Product, Review
from monolith.checkout.services import ShippingAddress, place_order
from monolith.inventory import services as inventory
from monolith.orders.models import Order
from monolith.payments import provider

_numbers = count(1)

MakeCategory = Callable[..., Category]
MakeProduct = Callable[..., Product]
MakeCustomer = Callable[..., Customer]
MakeReview = Callable[..., Review]
MakeOrder = Callable[..., Order]


@pytest.fixture(autouse=True)
def _quiet_surroundings(settings: Any, tmp_path: Any) -> None:
    """No throttle carries over from another test, and no test writes into the tree."""
    cache.clear()
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def make_category(db: None) -> MakeCategory:
    def make(name: str = "", **fields: Any) -> Category:
        number = next(_numbers)
        return Category.objects.create(
            name=name or f"Category {number}", **{"slug": (name.lower() or f"category-{number}"), **fields}
        )

    return make


@pytest.fixture
def make_product(db: None, make_category: MakeCategory) -> MakeProduct:
    """With ``stock`` units on hand (default 10)."""

    def make(*, stock: int = 10, **fields: Any) -> Product:
        number = next(_numbers)
        defaults: dict[str, Any] = {
            "sku": f"SKU-{number:05d}",
            "slug": f"product-{number}",
            "name": f"Product {number}",
            "price": Decimal("10.00"),
        }
        if "category" not in fields and "category_id" not in fields:
            defaults["category"] = make_category()
        product = Product.objects.create(**{**defaults, **fields})
        if stock:
            inventory.set_on_hand({product.pk: stock})
        product.refresh_from_db()
        return product

    return make


@pytest.fixture
def make_customer(db: None) -> MakeCustomer:
    """The password is ``open sesame 42``."""

    def make(email: str = "", **fields: Any) -> Customer:
        number = next(_numbers)
        return Customer.objects.create_user(
            email or f"customer{number}@example.com",
            "open sesame 42",
            **{"display_name": f"Customer {number}", **fields},
        )

    return make


@pytest.fixture
def make_review(make_product: MakeProduct) -> MakeReview:
    """Approved, unless said otherwise."""

    def make(product: Product | None = None, **fields: Any) -> Review:
        defaults = {"stars": 4, "author_name": "Ada", "title": "Good", "body": "I use it daily.", "is_approved": True}
        return Review.objects.create(product=product or make_product(), **{**defaults, **fields})

    return make


@pytest.fixture
def address() -> ShippingAddress:
    return ShippingAddress("Ada Lovelace", "Hauptstraße 1", "10115", "Berlin")


@pytest.fixture
def make_order(make_product: MakeProduct, make_customer: MakeCustomer, address: ShippingAddress) -> MakeOrder:
    """Placed through checkout: by default two units of a new product, paid by the approving card."""

    def make(
        customer: Customer | None = None,
        product: Product | None = None,
        *,
        quantity: int = 2,
        card: str = provider.APPROVE,
    ) -> Order:
        buyer = customer or make_customer()
        CustomerBasket(buyer.pk).put((product or make_product()).pk, quantity)
        return place_order(buyer, address, card, idempotency_key=f"test-{next(_numbers)}")

    return make
