from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted.catalog.domain import Rating
from extracted.catalog.errors import InvalidValue


@given(st.integers(min_value=1, max_value=100_000), st.integers(min_value=0, max_value=500_000))
def test_a_mean_is_rounded_half_up_to_two_places(reviews: int, stars: int) -> None:
    exact = (Decimal(stars) / reviews).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    assert Rating(stars, reviews).plain() == str(exact)


def test_without_a_review_there_is_no_mean_and_the_rank_is_lowest() -> None:
    assert Rating().plain() is None
    assert Rating().rank == 0.0 < Rating(1, 1).rank


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Rating(5, -1)
