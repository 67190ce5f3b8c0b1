"""Things to put into a store."""

from __future__ import annotations

from typing import Any

from extracted.catalog.domain import Category, Product, Review
from extracted.catalog.translate import category, product, review
from tests.extracted.catalog import rows


def a_category(id_: int, slug: str = "", parent: int | None = None, **more: Any) -> Category:
    return category(rows.category(id_, slug, parent, **more))


def a_product(id_: int, category_id: int = 1, **more: Any) -> Product:
    return product(rows.product(id_, category_id, **more))


def a_review(id_: int, product_id: int, **more: Any) -> Review:
    return review(rows.review(id_, product_id, **more))
