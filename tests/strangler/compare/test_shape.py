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


@pytest.mark.parametrize(
    ("shown", "new", "admitted"),
    [
        (["2026-01-01T00:00:00Z", "2026-01-02T00:00:00.5Z"], "2026-01-03T00:00:00+00:00", True),
        (["2026-01-01T00:00:00Z"], "2026-01-03T00:00:00", False),
        (["2026-01-01T00:00:00"], "2026-01-03T00:00:00Z", False),
        (["2026-01-01T00:00"], "2026-01-03T00:00:00.123456", True),
        (["2026-01-01T00:00:00Z"], "2026-01-03 00:00:00Z", False),
        (["2026-01-01T00:00:00Z"], "Thu, 01 Jan 2026 00:00:00 GMT", False),
        (["Thu, 01 Jan 2026 00:00:00 GMT"], "Fri, 02 Jan 2026 00:00:00 GMT", True),
        (["2026-01-01T00:00:00Z", "2026-01-02T00:00:00"], "2026-01-03 00:00:00", True),
        (["2026-01-01 00:00 in all"], "2026-01-03 00:00 by 7", True),
        (["https://shop.example/a?b"], "https://SHOP.example/c", True),
        (["https://shop.example/a"], "https://shop.example:8100/a", False),
        (["https://shop.example/a"], "http://shop.example/a", False),
        (["https://shop.example?a", "https://cdn.example/b"], "http://catalog:8100/c", True),
        (["Chair", "Lamp"], "Table", True),
        ([None, "https://shop.example/a"], None, True),
    ],
)
def test_taken_exactly_a_time_is_written_alike_and_an_url_is_of_the_same_site(
    shown: list[Any], new: Any, admitted: bool
) -> None:
    assert admits(shown, new, exact=True) is admitted
    assert admits(shown, new)
