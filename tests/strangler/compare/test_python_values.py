from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Verdict, compare_values


@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str = "EUR"


@dataclass(frozen=True)
class Line:
    sku: str
    price: Money | None


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        (Line("a", Money(Decimal("1.00"))), Line("a", Money(Decimal("1.01"))), ["$.price.amount value"]),
        (Line("a", Money(Decimal(1))), Line("a", None), ["$.price type"]),
        ({1: "a", 2: "b"}, {1: "a", 3: "b"}, ['$["2"] missing', '$["3"] extra']),
        ([1, 2, 3], [1, 3], ["$[1] missing"]),
        ((1, "x"), (1, "y"), ["$[1] value"]),
        ({1, 2}, {1, 3}, ["$[1] value"]),
        (1, "1", ["$ type"]),
        (datetime(2026, 1, 1), datetime(2026, 1, 2), ["$ value"]),  # noqa: DTZ001 - a naive one is meant
        (None, 0, ["$ type"]),
        (object(), object(), ["$ value"]),
        (float("nan"), float("nan"), ["$ value"]),
        ([1], (1,), ["$ value"]),
    ],
)
def test_unequal_values_differ_where_they_differ(old: Any, new: Any, places: list[str]) -> None:
    found = compare_values(old, new)
    assert found.verdict is Verdict.DIFFER
    assert [f"{each.path} {each.kind}" for each in found.differences] == places


@pytest.mark.parametrize(
    ("old", "new"),
    [(1, 1.0), (Decimal("1.0"), Decimal("1.00")), ({"a": 1}, {"a": True}), ({2, 1}, {1, 2}), (None, None)],
)
def test_what_python_calls_equal_agrees(old: Any, new: Any) -> None:
    assert compare_values(old, new).verdict is Verdict.AGREE


VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.decimals(allow_nan=False) | st.dates() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
)


@given(VALUES, VALUES)
def test_equality_alone_decides_and_a_difference_always_has_a_place(old: Any, new: Any) -> None:
    found = compare_values(old, new)
    assert (found.verdict is Verdict.AGREE) == (old == new)
    assert bool(found.differences) == (old != new)


def test_integers_too_long_to_be_written_out_are_compared_all_the_same() -> None:
    assert compare_values({"n": 10**5000}, {"n": 10**5000 + 1}).differences[0].path == "$.n"


def test_what_contains_itself_differs_without_end() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert compare_values(loop, [[1]]).verdict is Verdict.DIFFER
