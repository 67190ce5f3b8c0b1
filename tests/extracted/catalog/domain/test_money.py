from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracted.catalog.domain import Money
from extracted.catalog.errors import InvalidValue

amounts = st.integers(min_value=0, max_value=10**14)


@given(amounts)
def test_an_amount_is_written_with_two_places(minor: int) -> None:
    assert Decimal(Money(minor, "EUR").plain()) * 100 == minor
    assert Money(minor, "EUR").plain()[-3] == "."


@given(amounts, st.integers(min_value=0, max_value=9999))
def test_tax_is_rounded_half_up_to_a_hundredth(minor: int, rate: int) -> None:
    exact = Decimal(minor) * (10000 + rate) / 10000
    assert Money(minor, "EUR").with_tax(rate).minor == exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)


@pytest.mark.parametrize(("minor", "currency"), [(-1, "EUR"), (1, "eur"), (1, "EURO"), (1, "€"), (1, "EUR\n")])
def test_what_is_no_amount_is_refused(minor: int, currency: str) -> None:
    with pytest.raises(InvalidValue):
        Money(minor, currency)
