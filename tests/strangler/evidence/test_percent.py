from __future__ import annotations

import pytest

from strangler.evidence.percent import percent


@pytest.mark.parametrize(
    ("value", "down", "up"),
    [
        (0.999, "99.9 %", "99.9 %"),
        (0.0050001, "0.5 %", "0.501 %"),
        (1.0, "100 %", "100 %"),
        (0.0, "0 %", "0 %"),
        (0.29, "29 %", "29 %"),
    ],
)
def test_a_share_is_never_nearer_to_what_is_wanted_than_it_is(value: float, down: str, up: str) -> None:
    assert (percent(value), percent(value, up=True)) == (down, up)
