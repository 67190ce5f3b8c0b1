"""The bucket function is frozen: what is tested here must never change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.toggles import BUCKETS, VECTORS, bucket, format_share, parse_share

# The 99.9 % quantile of chi-square with 99 degrees of freedom.
CHI_SQUARE_99 = 148.2


@pytest.mark.parametrize(("salt", "subject", "expected"), VECTORS)
def test_the_published_vectors_hold(salt: str, subject: str, expected: int) -> None:
    assert bucket(salt, subject) == expected


def test_the_documented_formula_gives_the_same_bucket() -> None:
    from hashlib import sha256

    for salt, subject, _ in VECTORS:
        digest = sha256(salt.encode() + b"\0" + subject.encode()).digest()
        assert bucket(salt, subject) == int.from_bytes(digest[:8], "big") * BUCKETS // 2**64


@given(st.text(), st.text())
def test_every_subject_has_one_bucket_within_bounds(salt: str, subject: str) -> None:
    first = bucket(salt, subject)
    assert 0 <= first < BUCKETS
    assert bucket(salt, subject) == first


@given(st.text(alphabet=st.characters(categories=["Cs", "L"])))
def test_lone_surrogates_have_a_bucket_too(subject: str) -> None:
    assert 0 <= bucket("catalog", subject) < BUCKETS


@pytest.mark.parametrize("salt", ["catalog", "orders", "", "Zoë"])
def test_subjects_spread_evenly_over_the_buckets(salt: str) -> None:
    cells = [0] * 100
    subjects = 20_000
    for number in range(subjects):
        cells[bucket(salt, f"user-{number}") * 100 // BUCKETS] += 1
    expected = subjects / 100
    assert sum((found - expected) ** 2 / expected for found in cells) < CHI_SQUARE_99


def test_two_salts_put_subjects_independently() -> None:
    cells = [0] * 100
    subjects = 20_000
    for number in range(subjects):
        first = bucket("catalog", f"user-{number}") * 10 // BUCKETS
        cells[first * 10 + bucket("orders", f"user-{number}") * 10 // BUCKETS] += 1
    expected = subjects / 100
    assert sum((found - expected) ** 2 / expected for found in cells) < CHI_SQUARE_99


@pytest.mark.parametrize(
    ("text", "buckets"),
    [
        ("10%", 10_000),
        ("0.5 %", 500),
        ("12.345%", 12_345),
        ("0", 0),
        ("100%", BUCKETS),
        (" 1% ", 1_000),
        ("1e1%", 10_000),
    ],
)
def test_a_share_is_a_percentage_with_up_to_three_decimals(text: str, buckets: int) -> None:
    assert parse_share(text) == buckets


@pytest.mark.parametrize("text", ["", "%", "ten", "-1%", "100.001%", "101%", "0.0001%", "nan%", "inf", "1,5%", "10%%"])
def test_anything_else_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="share"):
        parse_share(text)


@given(st.integers(0, BUCKETS))
def test_a_share_survives_being_written_and_read(buckets: int) -> None:
    assert parse_share(format_share(buckets)) == buckets
