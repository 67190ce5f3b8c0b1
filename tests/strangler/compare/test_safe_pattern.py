"""Regular expressions from a file: what is taken, and that what is taken cannot run away."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare.safe_pattern import LONGEST_PATTERN, check_pattern


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\d{13,16}", "4111111111111111"),
        (r"[\w.+-]+@[\w.-]+", "ada@example.com"),
        (r"[\w.+-]+@[\w-]+\.[a-z]+", "ada@example.com"),
        (r"(?i)bearer\s+[a-z0-9._-]+", "Bearer abc.def"),
        (r"token=([^;&]+)", "token=x"),
        (r"(?P<iban>[A-Z]{2}\d{2}( \d{4}){4})", "DE12 1234 1234 1234 1234"),
        (r"-----BEGIN [A-Z ]+-----[^-]+-----END", "-----BEGIN KEY-----x-----END"),
        (r"\b(?:mr|mrs|ms)\b", "mrs"),
        (r"[]^\]a-c{]+\{2}", "]{2}"),
        (r"a{,3}", "aa"),
        ("abc|def|g+", "ggg"),
        (r"\(\[\|\)", "([|)"),
    ],
)
def test_what_people_write_is_taken(pattern: str, text: str) -> None:
    assert check_pattern(pattern).fullmatch(text)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a+)+b", "repeats a group"),
        ("(a|a)*b", "repeats a group"),
        ("(?:a?){30}b", "repeats a group"),
        ("((ab)*c)*", "repeats a group"),
        (r"(\w+\s?)+$", "repeats a group"),
        (".*.*=", "two parts"),
        (r"\w+\d+x", "two parts"),
        (r"a*[a-z]*b", "two parts"),
        (r"x*(ab)*x*", "two parts"),
        (r"a+a?a+", "two parts"),
        ("a?" * 30 + "a" * 30, "more than 1000 ways"),
        ("(a|a)" * 20, "more than 1000 ways"),
        ("a{1,15}" * 10, "more than 1000 ways"),
        (r"(a)\1", "is not taken"),
        ("(?=a)b", "is not taken"),
        ("(?<!a)b", "is not taken"),
        ("(?>a)b", "is not taken"),
        ("(?P<x>a)(?P=x)", "is not taken"),
        ("(a", "not a regular expression"),
        ("a**", "not a regular expression"),
        ("x" * (LONGEST_PATTERN + 1), "longer than 200"),
    ],
)
def test_what_could_run_away_is_refused_and_the_reason_said(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_pattern(pattern)


PARTS = st.sampled_from(
    ["a", "b", "ab", ".", r"\w", "[ab]", "[^b]", "(a)", "(ab|a)", "(a+)", "(a?)", "(?:", ")", "(", "|", "\\b"]
)
TIMES = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,9}", "{3,}", "*?", "{0,30}"])


@given(st.lists(st.tuples(PARTS, TIMES), max_size=8), st.sampled_from(["a", "ab", "aab"]))
def test_whatever_is_taken_ends_soon(parts: list[tuple[str, str]], unit: str) -> None:
    text = "".join(part + times for part, times in parts)
    try:
        pattern = check_pattern(text)
    except ValueError:
        return
    # Where a pattern runs away this takes longer than any test may.
    pattern.search(unit * 100 + "!")
    re.compile(text + "Z").search(unit * 100 + "!")
