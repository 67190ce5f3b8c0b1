"""What the shop's views do with tables, as its inventory shows it: the tangles of TANGLES.md, measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as shop_settings
from django.test import Client

from strangler.django.inventory import take_inventory
from strangler.django.inventory.middleware import _sums
from strangler.inventory import CouplingKind, couplings
from tests.monolith.conftest import MakeProduct
from tests.monolith.pages.conftest import SignedIn

ADDRESS = {"name": "Ada Lovelace", "street": "Hauptstraße 1", "postcode": "10115", "city": "Berlin", "country": "DE"}


@pytest.mark.django_db(transaction=True)
def test_a_checkout_is_one_transaction_over_seven_apps(
    signed_in: SignedIn, make_product: MakeProduct, settings: Any, tmp_path: Path
) -> None:
    settings.STRANGLER = {**shop_settings.STRANGLER, "OBSERVED": str(tmp_path)}
    settings.MIDDLEWARE = [*shop_settings.MIDDLEWARE, "strangler.django.inventory.ObservedMiddleware"]
    browser: Client = signed_in()[0]
    product = make_product(name="Lamp", stock=5)
    browser.get(f"/products/{product.pk}-{product.slug}/")
    browser.post("/cart/add/", {"product_id": product.pk, "quantity": "2"})
    browser.post("/checkout/address/", ADDRESS)
    browser.post("/checkout/payment/", {"card": "4242"})
    page = browser.get("/checkout/review/")
    sent = {"key": page.context["draft"].key, "total": str(page.context["cart"].price.gross)}
    assert browser.post("/checkout/review/", sent).status_code == 302
    _sums(tmp_path).write(wait=True)
    _sums.cache_clear()

    found = take_inventory(observed=tmp_path)
    rows = {(row.key, row.method): row for row in found.observed}
    assert "catalog_product" in rows["products/<int:product_id>-<slug:slug>/", "GET"].reads
    assert rows["products/<int:product_id>-<slug:slug>/", "GET"].writes == ()
    bought = rows["checkout/review/", "POST"]
    assert {"orders_order", "inventory_reservation", "cart_item"} <= set(bought.writes)
    (knot,) = bought.transactions
    assert knot.apps == ("cart", "catalog", "checkout", "inventory", "notifications", "orders", "payments")
    tied = {each.target for each in couplings(found) if each.kind is CouplingKind.TRANSACTION}
    assert tied == {"cart", "catalog", "inventory", "notifications", "orders", "payments"}
    assert [note for note in found.notes if "of no view" in note] == []
