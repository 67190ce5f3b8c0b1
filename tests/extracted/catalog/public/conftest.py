from __future__ import annotations

import pytest

from tests.extracted.catalog import rows
from tests.extracted.catalog.client import Client
from tests.extracted.catalog.conftest import Serve
from tests.extracted.catalog.rows import FakeMonolith


@pytest.fixture
def shop(serve: Serve, monolith: FakeMonolith) -> Client:
    """A service with five categories, 45 products and some reviews. 44 is discontinued, 45 unpublished."""
    monolith.put(
        "category",
        rows.category(1, "kitchen"),
        rows.category(2, "knives", 1),
        rows.category(3, "garden"),
    )
    monolith.put("product", *(rows.product(i, 2 if i % 2 else 3, price=f"{i}.00") for i in range(1, 44)))
    monolith.put("product", rows.product(44, is_discontinued=True), rows.product(45, is_published=False))
    monolith.put("review", *(rows.review(i, 1) for i in range(1, 24)), rows.review(99, 1, is_approved=False))
    return serve()
