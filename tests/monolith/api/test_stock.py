from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from monolith.inventory import services as inventory
from tests.monolith.api.conftest import Api
from tests.monolith.conftest import MakeProduct

pytestmark = pytest.mark.django_db


def test_stock_is_what_is_left_to_sell(api: Api, make_product: MakeProduct) -> None:
    product = make_product(stock=10)
    inventory.reserve("SO-1", {product.pk: 6})
    assert api("get", f"stock/{product.pk}/").json() == {
        "product": product.pk, "sellable": 4, "availability": "low",
    }  # fmt: skip


def test_several_are_asked_for_at_once(
    api: Api, make_product: MakeProduct, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    products = [make_product(stock=units) for units in (1, 20, 0)]
    query = "&".join(f"product={product.pk}" for product in reversed(products))
    with django_assert_num_queries(3):
        answer = api("get", f"stock/?{query}&product=999999")
    assert [(level["product"], level["sellable"]) for level in answer.json()] == [
        (products[0].pk, 1),
        (products[1].pk, 20),
    ]


def test_what_is_not_stocked_is_not_found(api: Api) -> None:
    for pk in (1, 2**70):
        assert api("get", f"stock/{pk}/").status_code == 404


@pytest.mark.parametrize("query", ["", "product=x", "product=0", "product=", "&".join(["product=1"] * 101)])
def test_a_wrong_question_is_refused(api: Api, query: str) -> None:
    answer = api("get", f"stock/?{query}")
    assert answer.status_code == 400
    assert "product" in answer.json()
