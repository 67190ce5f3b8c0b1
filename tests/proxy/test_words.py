from __future__ import annotations

import pytest
from strangler_proxy.words import counted, percent


def test_what_there_is_one_of_is_told_as_one() -> None:
    assert [counted(number, "pair") for number in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]


@pytest.mark.parametrize(("share", "text"), [(1.0, "100 %"), (0.999999, "99.999 %"), (0.99, "99 %"), (0.0, "0 %")])
def test_a_share_is_never_rounded_up(share: float, text: str) -> None:
    assert percent(share) == text
