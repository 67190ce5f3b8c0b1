from __future__ import annotations

from typing import Any

import pytest

from strangler.compare.json_text import Duplicates
from strangler.compare.shape import admits, kinds


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, {"null"}),
        (True, {"boolean"}),
        (b"-12", {"integer"}),
        (b"1.0", {"real"}),
        (b"1e5", {"real"}),
        (b"NaN", {"real"}),
        ([], {"list"}),
        ({}, {"object"}),
        (Duplicates([]), {"object"}),
        ("", {"empty"}),
        ("c1b2a3d4-e5f6-0718-293a-4b5c6d7e8f90", {"uuid"}),
        ("2026-01-01T00:00:00Z", {"timestamp"}),
        ("2026-01-01 00:00:00.123+02:00", {"timestamp"}),
        ("Thu, 01 Jan 2026 00:00:00 GMT", {"timestamp"}),
        ("2026-01-01", {"date"}),
        ("https://a/b?c", {"url"}),
        ("/a/b/", {"path"}),
        ("17", {"number"}),
        ("4.99", {"number"}),
        ("12345678", {"number", "hex", "text"}),
        ("deadbeef", {"hex", "text"}),
        ("a1b2c3d4e5f6g7h8", {"token", "text"}),
        ("Wardrobe", {"text"}),
        ("two words", {"text"}),
        ("x" * 3000, {"text"}),
    ],
)
def test_a_value_has_every_kind_that_it_may_be_of(value: Any, found: set[str]) -> None:
    assert kinds(value) == found


@pytest.mark.parametrize(
    ("shown", "new", "admitted"),
    [
        (["Chair", "two words"], "Lamp", True),
        (["Chair", "Lamp"], "17", False),
        (["Chair", "Lamp"], "2026-01-01", False),
        (["1.00", "2.00"], "free", False),
        (["deadbeef", "12345678"], "00ff00ff", True),
        (["deadbeef", "12345678"], "not hex at all", False),
        (["17", "Chair"], "18", True),
        (["17", "Chair"], None, False),
        ([b"1", b"2.5"], b"3", True),
        ([b"1", b"2"], b"2.5", False),
        ([None, "a"], None, True),
        ([], "a", False),
    ],
)
def test_a_value_is_like_others_by_the_narrowest_kind_that_they_share(
    shown: list[Any], new: Any, admitted: bool
) -> None:
    assert admits(shown, new) is admitted
