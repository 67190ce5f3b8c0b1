from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.monolith.conftest import MakeCategory, MakeProduct

pytestmark = pytest.mark.django_db


def test_categories_come_in_the_order_of_their_paths_with_what_is_listed_in_them(
    client: Client, make_category: MakeCategory, make_product: MakeProduct,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    zoo = make_category("Zoo", slug="zoo", sort_order=-5)
    kitchen = make_category("Küche", slug="kitchen")
    knives = make_category("Knives", slug="knives", parent=kitchen)
    make_product(category=knives)
    make_product(category=knives, is_published=False)
    make_product(category=knives, is_discontinued=True)
    make_product(category=zoo)
    with django_assert_num_queries(2):
        answer = client.get("/api/v1/categories/")
    assert [list(each.items()) for each in answer.json()] == [
        [("id", kitchen.pk), ("slug", "kitchen"), ("name", "Küche"), ("path", "kitchen"), ("parent", None),
         ("product_count", 0)],
        [("id", knives.pk), ("slug", "knives"), ("name", "Knives"), ("path", "kitchen/knives"),
         ("parent", kitchen.pk), ("product_count", 1)],
        [("id", zoo.pk), ("slug", "zoo"), ("name", "Zoo"), ("path", "zoo"), ("parent", None), ("product_count", 1)],
    ]  # fmt: skip


def test_no_categories_are_an_empty_list(client: Client) -> None:
    assert client.get("/api/v1/categories/").json() == []
