from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.subject import Subjects
from strangler_proxy.tester import EXPIRED, FORGED, HONOURED, OTHER_ROUTE, REVOKED
from strangler_proxy.tester import Tester as Word
from strangler_proxy.tester import Testers as Signer

from strangler.toggles import Side

KEY = bytes(range(32))
SIGNER = Signer(KEY)
BEN = Word("ben", "catalog.*", Side.CANDIDATE, 1000.0)


def test_a_word_that_was_signed_tells_whose_it_is() -> None:
    assert Signer(KEY).verified(SIGNER.signed(BEN).encode()) == BEN


@pytest.mark.parametrize(
    ("route", "now", "outcome"),
    [
        ("catalog.list", 999.0, (HONOURED, Side.CANDIDATE)),
        ("catalog.list", 1000.0, (EXPIRED, None)),
        ("orders.list", 999.0, (OTHER_ROUTE, None)),
        ("orders.list", 1000.0, (EXPIRED, None)),
    ],
)
def test_it_counts_on_its_routes_until_its_time_is_over(
    route: str, now: float, outcome: tuple[str, Side | None]
) -> None:
    assert SIGNER.outcome(SIGNER.signed(BEN).encode(), route, now) == outcome


def test_a_word_issued_until_its_name_was_revoked_is_good_no_more_and_a_later_one_is() -> None:
    signer = Signer(KEY)
    words = [signer.signed(replace(BEN, issued=at)).encode() for at in (0, 5000, 5001)]
    signer.revoke({"ben": 5000, "eve": 9999})
    outcomes = [signer.outcome(word, "catalog.list", 0.0)[0] for word in words]
    assert outcomes == [REVOKED, REVOKED, HONOURED]
    signer.revoke({})
    assert signer.outcome(words[0], "catalog.list", 0.0) == (HONOURED, Side.CANDIDATE)


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_word_with_any_byte_changed_is_forged(place: int, change: int) -> None:
    word = bytearray(SIGNER.signed(BEN).encode())
    word[place % len(word)] ^= change
    assert SIGNER.outcome(bytes(word), "catalog.list", 0.0) == (FORGED, None)


@given(st.binary(max_size=200))
def test_garbage_is_forged(word: bytes) -> None:
    assert SIGNER.outcome(word, "catalog.list", 0.0) == (FORGED, None)


def test_a_word_of_another_key_and_a_subjects_signature_are_forged() -> None:
    word = Signer(bytes(32)).signed(BEN).encode()
    assert SIGNER.verified(word) is None
    version, payload, _ = SIGNER.signed(BEN).encode().split(b".")
    subjects = Subjects(KEY)
    assert SIGNER.verified(b".".join((version, payload, subjects._signature(payload)))) is None


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=200))
def test_every_word_fits_a_header_and_a_cookie(name: str, routes: str) -> None:
    word = SIGNER.signed(Word(name, routes, Side.MONOLITH, 1e9))
    assert word.isascii()
    assert not set(word) & set(' ;,"\\')
