"""A rule made of a difference excuses that difference, and says why where none can."""

from __future__ import annotations

from decimal import Decimal

import pytest

from strangler.compare import (
    Answer,
    Difference,
    DifferenceKind,
    Grade,
    Ids,
    Ignore,
    ListOrder,
    Normal,
    NormalForm,
    Rules,
    SameClass,
    Severity,
    TimeTolerance,
    Tolerance,
    UrlHost,
    ValueClass,
    Verdict,
    compare_answers,
)
from strangler.compare.actions import Action
from strangler.compare.rule_making import action_of, lists_around, rule_at, rule_place, suggested

JSON = ("Content-Type", "application/json")
HTML = ("Content-Type", "text/html")
TEXT = ("Content-Type", "text/plain")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Answer(200, (JSON,), b'{"a b": [{"n": 1}]}'), Answer(200, (JSON,), b'{"a b": [{"n": 2}]}')),
        (Answer(200, (JSON,), '{"ключ": 1}'.encode()), Answer(200, (JSON,), '{"ключ": 2}'.encode())),
        (Answer(200, (JSON,), b'{"\\ud83d\\ude00 \\"": 1}'), Answer(200, (JSON,), b"{}")),
        (Answer(200, (HTML,), b"<p class=a>one</p>"), Answer(200, (HTML,), b"<p class=b>two</p>")),
        (Answer(200, (("Vary", "Cookie"),)), Answer(200)),
        (Answer(200, (("Set-Cookie", "a[*]?=1; Path=/"),)), Answer(200, (("Set-Cookie", "a[*]?=1; Path=/b"),))),
        (Answer(200, (TEXT,), b"one"), Answer(200, (TEXT,), b"two")),
    ],
)
def test_a_rule_made_of_a_difference_excuses_it(old: Answer, new: Answer) -> None:
    found = compare_answers(old, new)
    assert found.verdict is Verdict.DIFFER
    rules = Rules(tuple(rule_at(each.field, Ignore(), "x") for each in found.differences))
    assert compare_answers(old, new, rules).differences == ()


def test_a_header_is_not_taken_for_a_glob() -> None:
    assert rule_place("header:Set-Cookie.a[*]?") == ("", "Set-Cookie.a[[][*]][?]")


@pytest.mark.parametrize(("field", "said"), [("status", "another status"), ("body", "a body as a whole")])
def test_what_no_rule_excuses_says_so(field: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"No rule excuses {said}"):
        rule_place(field)


@pytest.mark.parametrize("field", ["…", "$.cut…", '$["cut…'])
def test_a_field_that_was_cut_short_says_that_no_rule_can_stand_there(field: str) -> None:
    with pytest.raises(ValueError, match="No rule can stand there"):
        rule_place(field)
    assert lists_around(field) == []


def test_the_lists_around_a_field_are_named_innermost_first() -> None:
    assert lists_around('$.a[*]["b[*]"][3].c') == ['$.a[*]["b[*]"]', "$.a"]
    assert lists_around("$[*]") == ["$"]
    assert lists_around("$.a") == lists_around("header:Vary") == lists_around("body") == []


@pytest.mark.parametrize(
    ("key", "text", "action"),
    [
        ("ignore", "", Ignore()),
        ("tolerance", " 0.01 ", Tolerance(Decimal("0.01"))),
        ("tolerance", "0.1%", Tolerance(Decimal(0), Decimal("0.001"))),
        ("time", "2.5", TimeTolerance(2.5)),
        ("class", "uuid ", SameClass(ValueClass.UUID)),
        ("list", "set", ListOrder("set")),
        ("list", "key:sku", ListOrder("key", "sku")),
        ("normal", "trim, casefold", Normal((NormalForm.CASEFOLD, NormalForm.TRIM))),
        ("ids", "product", Ids("product")),
        ("url_host", "", UrlHost()),
        ("severity", "warning", Grade(Severity.WARNING)),
    ],
)
def test_what_people_type_becomes_what_a_rule_does(key: str, text: str, action: Action) -> None:
    assert action_of(key, text) == action


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("tolerance", "much"),
        ("tolerance", "-1"),
        ("tolerance", "NaN"),
        ("tolerance", "5 %%"),
        ("time", ""),
        ("class", "UUID"),
        ("list", "key:"),
        ("normal", ""),
        ("ids", "no name"),
        ("severity", "bad"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(key: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"{key} cannot be .*Write"):
        action_of(key, text)


@pytest.mark.parametrize(
    ("path", "old", "new", "suggestion"),
    [
        ("$.n", "1.0", "1.00", ("tolerance", "0")),
        ("$.n", '"19.90"', '"19.85"', ("tolerance", "0.05")),
        ("$.n", "1000", "1001", ("tolerance", "1")),
        ("$.n", "1000", "2000", None),
        ("$.n", "1e30", "1.001e30", ("tolerance", "1E+27")),
        ("$.n", "1.001e999999999", "1e999999999", None),
        ("$.t", '"Straße"', '"STRASSE"', ("normal", "casefold")),
        ("$.t", '"a  b"', '"a b"', ("normal", "space")),
        ("$.at", '"2026-11-29T10:00:00Z"', '"2026-11-29T10:00:03Z"', ("time", "5")),
        ("$.at", '"2026-11-29T10:00:00Z"', '"2026-11-28T10:00:00Z"', ("class", "timestamp")),
        ("$.next", '"http://a:1/p"', '"https://b/p"', ("url_host", "")),
        ("header:Location", "http://a:1/p", "https://b/p", ("url_host", "")),
        ("$.id", '"6f1b1f9e-3a51-4f4e-9a63-0f4e0a1c2b3d"', '"00000000-3a51-4f4e-9a63-0f4e0a1c2b3d"', ("class", "uuid")),
        ("$.name", '"one"', '"two"', None),
        ("$.name", '"one"', None, None),
        ("$.long", '"cut…', '"short…', None),
        ("body", "12 bytes, sha256 00", "13 bytes, sha256 11", None),
    ],
)
def test_the_narrowest_rule_that_would_do_is_suggested(
    path: str, old: str, new: str | None, suggestion: tuple[str, str] | None
) -> None:
    assert suggested(Difference(path, DifferenceKind.VALUE, old, new)) == suggestion
