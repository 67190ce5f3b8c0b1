from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted.catalog.domain import Category, CategoryPath, place
from extracted.catalog.errors import InvalidValue


def category(id_: int, slug: str, parent_id: int | None = None) -> Category:
    return Category(id_, slug.title(), slug, parent_id)


def test_a_category_is_placed_below_its_parents() -> None:
    placed = place([category(3, "paring", 2), category(1, "kitchen"), category(2, "knives", 1)])
    assert {id_: str(path) for id_, path in placed.items()} == {
        1: "kitchen",
        2: "kitchen/knives",
        3: "kitchen/knives/paring",
    }


def test_a_category_without_its_parent_has_no_place_and_neither_has_what_is_below_it() -> None:
    assert place([category(3, "paring", 2), category(2, "knives", 1)]) == {2: None, 3: None}


def test_a_circle_has_no_place_and_does_not_hang() -> None:
    placed = place([category(1, "a", 2), category(2, "b", 1), category(3, "c", 3), category(4, "d", 1)])
    assert placed == {1: None, 2: None, 3: None, 4: None}


@given(st.integers(min_value=1, max_value=30), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(count: int, chance: random.Random) -> None:
    categories = [category(i, f"c{i}", chance.choice([None, *range(1, count + 2)])) for i in range(1, count + 1)]
    expected = place(categories)
    chance.shuffle(categories)
    assert place(categories) == expected


def test_a_path_holds_itself_and_what_is_below_it() -> None:
    kitchen = CategoryPath("kitchen")
    assert kitchen.holds(kitchen)
    assert kitchen.holds(CategoryPath("kitchen/knives"))
    assert not kitchen.holds(CategoryPath("kitchenware"))
    assert not CategoryPath("kitchen/knives").holds(kitchen)


@pytest.mark.parametrize("text", ["", "/", "kitchen/", "/kitchen", "a//b"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        CategoryPath(text)
