from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from monolith.cart.models import Promotion
from monolith.catalog.models import CatalogChange, Product

from .conftest import Run

pytestmark = pytest.mark.django_db


def percent(product: Product, **fields: Any) -> Promotion:
    promotion = Promotion.objects.create(
        **{"name": "Ten off", "kind": Promotion.Kind.PERCENT, "percent": Decimal("10"), **fields}
    )
    promotion.products.add(product)
    return promotion


def test_the_sale_price_is_written_and_logged(run: Run, make_product: Any) -> None:
    product = make_product(price=Decimal("20.00"))
    percent(product)
    before = CatalogChange.objects.get(kind="product", object_id=product.pk).seq
    assert run("apply_promotions") == "apply_promotions: 1 products got another price\n"
    product.refresh_from_db()
    assert product.sale_price == Decimal("18.00")
    assert CatalogChange.objects.get(kind="product", object_id=product.pk).seq > before


def test_a_promotion_that_is_over_takes_its_price_along(run: Run, make_product: Any) -> None:
    product = make_product(sale_price=Decimal("8.00"))
    percent(product, starts_at=timezone.now() - timedelta(days=2), ends_at=timezone.now() - timedelta(days=1))
    run("apply_promotions")
    product.refresh_from_db()
    assert product.sale_price is None


def test_the_second_run_of_a_night_changes_nothing(run: Run, make_product: Any) -> None:
    percent(make_product())
    run("apply_promotions")
    assert run("apply_promotions") == "apply_promotions: 0 products got another price\n"


def test_a_dry_run_says_how_many_and_writes_nothing(run: Run, make_product: Any) -> None:
    product = make_product()
    percent(product)
    log = list(CatalogChange.objects.values())
    assert run("apply_promotions", "--dry-run") == "apply_promotions: 1 products would get another price\n"
    product.refresh_from_db()
    assert product.sale_price is None
    assert list(CatalogChange.objects.values()) == log
