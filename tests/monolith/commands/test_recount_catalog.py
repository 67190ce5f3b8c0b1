from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError
from django.db.models import QuerySet

from monolith.catalog.models import CatalogChange, Product

from .conftest import Run

pytestmark = pytest.mark.django_db


def drift(product: Product, **columns: Any) -> None:
    """Writes past the log, as raw SQL would."""
    QuerySet(Product).filter(pk=product.pk).update(**columns)


def seq(product: Product) -> int:
    return CatalogChange.objects.get(kind="product", object_id=product.pk).seq


def test_where_all_is_right_nothing_is_written(run: Run, make_review: Any) -> None:
    product = make_review().product
    before = seq(product)
    assert run("recount_catalog") == "recount_catalog: 1 products, nothing differs\n"
    assert seq(product) == before


def test_what_differs_is_reported_repaired_and_logged(run: Run, make_product: Any, make_review: Any) -> None:
    rated = make_review(stars=4).product
    make_review(product=rated, stars=1, is_approved=False)
    unrated, stocked = make_product(stock=0), make_product(stock=3)
    drift(rated, rating_sum=9)
    drift(unrated, review_count=2)
    drift(stocked, availability="in_stock")
    before = seq(stocked)
    said = run("recount_catalog").splitlines()
    assert said == [
        f"product {rated.pk}: rating_sum is 9, counted 4",
        f"product {unrated.pk}: review_count is 2, counted 0",
        f"product {stocked.pk}: availability is in_stock, counted low",
        "recount_catalog: 3 columns of 3 products differ: repaired",
    ]
    assert run("recount_catalog", "--check") == "recount_catalog: 3 products, nothing differs\n"
    assert seq(stocked) > before


def test_check_repairs_nothing_and_fails(run: Run, make_product: Any) -> None:
    product = make_product(stock=0)
    drift(product, rating_sum=5)
    with pytest.raises(CommandError, match="1 columns of 1 products differ; run it without --check") as caught:
        run("recount_catalog", "--check")
    assert caught.value.returncode == 1
    product.refresh_from_db()
    assert product.rating_sum == 5


def test_much_drift_is_cut_short_in_the_report(run: Run, make_product: Any, make_category: Any) -> None:
    category = make_category()
    for _ in range(23):
        drift(make_product(stock=0, category=category), availability="low")
    said = run("recount_catalog").splitlines()
    assert said[-2:] == ["… and 3 more", "recount_catalog: 23 columns of 23 products differ: repaired"]
    assert len(said) == 22
