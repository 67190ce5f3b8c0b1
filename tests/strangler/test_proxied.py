"""The mark by which the monolith knows the proxy's requests."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strangler.proxied import HOUR, is_proxied, proxied_value

SECRET = "a secret of the tests, long enough"
NOW = 1_800_000_000.0


def test_a_value_is_believed_in_its_hour_and_in_those_beside_it() -> None:
    value = proxied_value(SECRET, NOW)
    assert [is_proxied(SECRET, value, NOW + hours * HOUR) for hours in (-2, -1, 0, 1, 2)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_another_secret_gives_another_value_and_none_believes_nobody() -> None:
    assert not is_proxied("another secret of the tests", proxied_value(SECRET, NOW), NOW)
    assert not is_proxied("", proxied_value("", NOW), NOW)


@given(st.text(max_size=80))
def test_what_a_client_makes_up_is_not_believed(value: str) -> None:
    assert not is_proxied(SECRET, value, NOW)
