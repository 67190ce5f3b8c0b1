"""One visit, asked of both sides step by step, each step with what the one before has told."""

from __future__ import annotations

import json

import pytest

from strangler.parity import Parity
from tests.parity.cases import Shop


@pytest.mark.parity(lag=3)
def test_a_visit_is_answered_alike_from_the_list_to_the_second_look(parity: Parity, shop: Shop) -> None:
    listed = parity.ask("GET", "/api/v1/products/?page_size=5&ordering=price", route="catalog.product-list")
    product = json.loads(listed.new.body)["results"][0]["id"]
    assert product in shop.products
    target = f"/api/v1/products/{product}/"
    shown = parity.ask("GET", target, headers={"Accept-Language": "de"}, route="catalog.product-detail")
    again = {"Accept-Language": "de", "If-None-Match": shown.old.header("ETag") or ""}
    assert parity.ask("GET", target, headers=again, route="catalog.product-detail").new.status == 304
    parity.ask("GET", f"{target}reviews/?page=1", route="catalog.reviews")
