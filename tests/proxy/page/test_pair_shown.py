"""What the page of a pair shows: every difference in its place, and what is equal folded."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from strangler_proxy.page.pair_shown import (
    EXCUSED,
    BodyRow,
    Fold,
    Parts,
    body_rows,
    can_render,
    header_rows,
    text_of,
    was_compared,
)

from strangler.compare import (
    Answer,
    Difference,
    DifferenceKind,
    Pair,
    Request,
    Rules,
    Severity,
    Verdict,
    compare_answers,
    parse_rules,
)
from strangler.compare.outline import outline
from tests.proxy.control.fakes import kept_pair
from tests.strangler.compare.documents import DOCUMENTS, answer

BY_KEY = parse_rules('[[rule]]\npath = "$.lines"\nlist = "key:sku"\nwhy = "x"\n', "r.toml")
AS_SET = parse_rules('[[rule]]\npath = "$.tags"\nlist = "set"\nwhy = "x"\n', "r.toml")
NO_NAME = parse_rules('[[rule]]\npath = "$.name"\nignore = true\nwhy = "x"\n', "r.toml")


def rows(old: Any, new: Any, rules: Rules = Rules(), *, whole: bool = False) -> list[BodyRow | Fold]:  # noqa: B008
    left, right = answer(json.dumps(old)), answer(json.dumps(new))
    return body_rows(outline(left, right), compare_answers(left, right, rules).differences, whole=whole)[0]


def marks(found: list[BodyRow | Fold]) -> dict[str, str]:
    return {row.path: row.mark for row in found if isinstance(row, BodyRow) and row.mark}


def test_a_difference_is_marked_where_it_is_and_what_a_rule_allows_is_told_apart() -> None:
    found = rows({"price": 1, "name": "a", "id": 7}, {"price": 2, "name": "b", "id": 7}, NO_NAME)
    assert marks(found) == {"$.price": "breaking", "$.name": EXCUSED}


def test_a_body_that_is_no_text_is_marked_as_a_whole() -> None:
    kind = (("Content-Type", "application/octet-stream"),)
    left, right = Answer(200, kind, b"\x00\x01"), Answer(200, kind, b"\x00\x02")
    found, _ = body_rows(outline(left, right), compare_answers(left, right).differences, whole=False)
    assert [(row.mark, row.anchor) for row in found if isinstance(row, BodyRow)] == [("breaking", 0)]


def test_what_only_one_side_has_is_marked_with_all_that_is_in_it() -> None:
    found = rows({"a": {"b": [1]}}, {})
    assert marks(found) == {"$.a": "breaking", "$.a.b": "breaking", "$.a.b[0]": "breaking"}


def test_an_element_more_does_not_mark_the_one_of_its_index() -> None:
    found = rows([{"n": 1}, {"n": 2}], [{"n": 0}, {"n": 1}, {"n": 2}])
    marked = [(row.path, row.old is None) for row in found if isinstance(row, BodyRow) and row.mark]
    assert marked == [("$[0]", True), ("$[0].n", True)]


def test_what_rules_align_otherwise_is_marked_by_its_values() -> None:
    found = rows(
        {"lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]},
        {"lines": [{"sku": "b", "n": 9}, {"sku": "a", "n": 1}]},
        BY_KEY,
    )
    assert "breaking" in {row.mark for row in found if isinstance(row, BodyRow) and row.path.endswith(".n")}
    assert "breaking" in marks(rows({"tags": ["a", "b"]}, {"tags": ["b", "c"]}, AS_SET)).values()


def test_what_is_equal_is_folded_but_for_two_rows_around_a_difference() -> None:
    many = {f"k{number:02}": number for number in range(30)}
    found = rows(many, {**many, "k15": -1})
    shown = [row.label if isinstance(row, BodyRow) else row for row in found]
    assert shown == ["", Fold(13), "k13", "k14", "k15", "k16", "k17", Fold(12)]
    assert len(rows(many, {**many, "k15": -1}, whole=True)) == 31


def test_of_a_long_text_the_part_that_differs_is_told() -> None:
    (row,) = [
        each for each in rows({"t": "a green car"}, {"t": "a blue car"}) if isinstance(each, BodyRow) and each.mark
    ]
    assert row.old == Parts('"a ', "green", ' car"')
    assert row.new == Parts('"a ', "blue", ' car"')


def test_a_body_without_end_is_cut_and_says_so() -> None:
    long = answer(json.dumps(list(range(5_000))))
    found, cut = body_rows(outline(long, long), (), whole=True)
    assert (len(found), cut) == (3_000, True)


@settings(max_examples=60)
@given(DOCUMENTS, DOCUMENTS)
def test_every_difference_is_marked_somewhere(old: Any, new: Any) -> None:
    left, right = answer(json.dumps(old)), answer(json.dumps(new))
    differences = compare_answers(left, right).differences
    found = [row for row in rows(old, new) if isinstance(row, BodyRow)]
    assert {row.anchor for row in found if row.anchor is not None} <= set(range(len(differences)))
    assert bool(differences) == any(row.mark in ("breaking", "warning") for row in found)


def test_headers_stand_beside_each_other_with_what_differs_and_what_is_never_compared() -> None:
    old = Answer(200, (("Vary", "Cookie"), ("Date", "now"), ("X-A", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")))
    new = Answer(200, (("date", "then"), ("x-a", "2"), ("Set-Cookie", "a=1; Path=/")))
    found = header_rows(old, new, compare_answers(old, new).differences)
    assert [(row.name, row.mark, row.volatile) for row in found] == [
        ("set-cookie", "breaking", False),
        ("vary", "breaking", False),
        ("x-a", "warning", False),
        ("date", "", True),
    ]
    assert (found[0].old, found[1].new) == ("a=1\nb=2", None)


def test_a_header_that_differs_and_is_no_difference_is_excused() -> None:
    found = header_rows(Answer(200, (("X-A", "1"),)), Answer(200, (("X-A", "2"),)), ())
    assert found[0].mark == EXCUSED


def test_only_html_is_shown_as_a_page() -> None:
    assert can_render(Answer(200, (("Content-Type", "text/html"),), b"<p>"))
    assert not can_render(Answer(200, (("Content-Type", "image/svg+xml"),), b"<svg/>"))
    assert not can_render(Answer(200, (("Content-Type", "text/html"),)))


def test_a_body_that_is_no_text_is_told_by_its_size() -> None:
    assert text_of(b"\xff") == "(1 bytes that are no text)"
    assert text_of(b"x" * 30_000).endswith("…")


def test_of_several_differences_at_one_place_the_worst_counts() -> None:
    severities = (Severity.WARNING, Severity.BREAKING)
    both = [Difference("header:Set-Cookie.a", DifferenceKind.VALUE, "1", "2", each) for each in severities]
    old, new = (Answer(200, (("Set-Cookie", value),)) for value in ("a=1", "a=2"))
    assert header_rows(old, new, both)[0].mark == "breaking"


def test_what_was_never_compared_is_not_said_to_be_excused() -> None:
    old, new = answer('{"a": 1}'), replace(answer('{"a": 2}'), status=500)
    differences = compare_answers(old, new).differences
    kept = replace(kept_pair("p"), pair=Pair(Request(), old, new), differences=differences)
    assert not was_compared(kept)
    found, _ = body_rows(outline(old, new), differences, whole=False, compared=False)
    assert [(row.path, row.mark) for row in found if isinstance(row, BodyRow)] == [("$", ""), ("$.a", "")]
    assert was_compared(kept_pair("p"))
    assert not was_compared(kept_pair("p", verdict=Verdict.INCONCLUSIVE, cause="limits"))
    assert was_compared(kept_pair("p", verdict=Verdict.INCONCLUSIVE, cause="transient"))


def test_a_difference_has_one_place_to_be_led_to() -> None:
    found = rows({"tags": ["a", "a2", "b"]}, {"tags": ["b", "c", "d"]}, AS_SET)
    anchors = [row.anchor for row in found if isinstance(row, BodyRow) and row.anchor is not None]
    assert len(anchors) == len(set(anchors))
