"""An order to record says the same after it was told, and anything else is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.record.order import LONGEST_SECONDS, UNROUTED, Order, order_of

from strangler.recording import Rotation
from tests.proxy.recording.exchanges import an_order

_orders = st.builds(
    Order,
    id=st.text(min_size=1, max_size=8),
    path=st.just(Path("/var/tmp/visits.ndjson")),
    seconds=st.floats(0, LONGEST_SECONDS),
    routes=st.lists(st.text(max_size=8), max_size=3).map(tuple),
    sample=st.floats(0.00001, 1),
    requests=st.integers(0, 10**9),
    bodies=st.booleans(),
    rotation=st.builds(
        Rotation, bytes=st.integers(1, 10**12), seconds=st.floats(1, LONGEST_SECONDS), packed=st.booleans()
    ),
)


@given(_orders)
def test_an_order_that_was_told_says_the_same(order: Order) -> None:
    assert order_of(order.to_json(seconds=order.seconds)) == order


def test_no_order_is_told_as_null() -> None:
    assert order_of(None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"path": "visits.ndjson"},
        {"sample": 0},
        {"sample": 1.5},
        {"seconds": "soon"},
        {"seconds": float("nan")},
        {"routes": None},
        {"rotate_bytes": None},
    ],
)
def test_what_is_no_order_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no order to record"):
        order_of({**an_order().to_json(seconds=1.0), **wrong})


@pytest.mark.parametrize("wrong", [[], "one", 1, {}])
def test_what_is_not_even_an_object_of_its_kind_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="no order to record"):
        order_of(wrong)


def test_no_order_is_for_longer_than_a_day() -> None:
    told = order_of(an_order().to_json(seconds=10.0**9))
    assert told is not None
    assert told.seconds == LONGEST_SECONDS


def test_without_routes_everything_is_chosen_and_with_some_only_those() -> None:
    names = ["catalog.list", "catalog.detail", "cart"]
    assert an_order().chosen(names) == {*names, UNROUTED}
    assert an_order(routes=("catalog.*",)).chosen(names) == {"catalog.list", "catalog.detail"}
