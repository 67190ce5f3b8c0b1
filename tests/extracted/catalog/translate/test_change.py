from __future__ import annotations

import pytest

from extracted.catalog.domain import Category
from extracted.catalog.errors import TranslationError
from extracted.catalog.translate import Removal, Upsert, change
from tests.extracted.catalog import rows


def test_an_upsert_carries_the_thing() -> None:
    assert change("category", 1, "upsert", rows.category(1, "kitchen")) == Upsert(
        Category(1, "Kitchen", "kitchen", None)
    )


def test_a_delete_is_a_removal_whatever_data_it_carries() -> None:
    assert change("review", 3, "delete", None) == Removal("review", 3)
    assert change("review", 3, "delete", {"id": 3}) == Removal("review", 3)


def test_an_upsert_of_what_is_gone_meanwhile_is_a_removal() -> None:
    assert change("product", 3, "upsert", None) == Removal("product", 3)


@pytest.mark.parametrize(
    ("kind", "op", "data", "field"),
    [
        ("bundle", "upsert", {"id": 1}, "kind"),
        ("category", "merge", {"id": 1}, "op"),
        ("category", "upsert", rows.category(2), "id"),
        ("category", "upsert", [], "data"),
    ],
)
def test_what_is_no_change_is_refused(kind: str, op: str, data: object, field: str) -> None:
    with pytest.raises(TranslationError) as caught:
        change(kind, 1, op, data)
    assert caught.value.field == field
