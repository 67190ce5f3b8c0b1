"""Two bodies as one tree: every place that a comparison names has a row of that path, whatever the bodies hold."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings

from strangler.compare import Answer, DifferenceKind, compare_answers
from strangler.compare.outline import OutlineRow, outline
from tests.strangler.compare.documents import DOCUMENTS, answer

JSON = (("Content-Type", "application/json"),)
HTML = (("Content-Type", "text/html; charset=utf-8"),)
TEXT = (("Content-Type", "text/plain"),)


def rows(old: bytes, new: bytes, kind: tuple[tuple[str, str], ...] = JSON) -> list[OutlineRow]:
    return list(outline(Answer(200, kind, old), Answer(200, kind, new)).rows)


def told(found: list[OutlineRow]) -> list[tuple[int, str, str | None, str | None, bool]]:
    return [(row.depth, row.path, row.old, row.new, row.unequal) for row in found]


def test_each_place_has_a_row_with_what_either_side_has_there() -> None:
    assert told(rows(b'{"a": [1, null], "b": "x"}', b'{"a": [1.0], "c": {}}')) == [
        (0, "$", "{2}", "{2}", True),
        (1, "$.a", "[2]", "[1]", True),
        (2, "$.a[0]", "1", "1.0", True),
        (2, "$.a[1]", "null", None, True),
        (1, "$.b", '"x"', None, True),
        (1, "$.c", None, "{0}", True),
    ]


def test_elements_at_the_end_that_are_equal_belong_together() -> None:
    assert [(row.path, row.old, row.new) for row in rows(b"[1, 2, 3]", b"[1, 9, 2, 3]")[1:]] == [
        ("$[0]", "1", "1"),
        ("$[1]", None, "9"),
        ("$[1]", "2", "2"),
        ("$[2]", "3", "3"),
    ]


def test_a_key_that_stands_twice_has_two_rows() -> None:
    found = rows(b'{"a": 1, "a": 2}', b'{"a": 1}')
    assert [(row.path, row.old, row.new) for row in found[1:]] == [("$.a", "1", "1"), ("$.a", "2", None)]


def test_html_is_a_tree_of_elements_and_text_one_of_lines() -> None:
    found = rows(b"<p class='a b'>one<b>two</b></p>", b"<p class='b a'>one<b>three</b></p>", HTML)
    assert [row.path for row in found if row.unequal and row.leaf] == ["$.html.body.p[0].b[0].#text"]
    lines = rows(b"a\nb\nc", b"a\nc", TEXT)
    assert [(row.path, row.old, row.new) for row in lines if row.unequal and row.leaf] == [("$.lines[1]", '"b"', None)]


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        (Answer(204), Answer(204), "Neither side has a body."),
        (Answer(200, JSON, b"{"), Answer(200, JSON, b"{}"), "not what it says it is"),
        (Answer(200, JSON, b"{}"), Answer(200, HTML, b"<p>"), "two kinds"),
        (Answer(200, (), b"\x00\xff"), Answer(200, JSON, b"{}"), "told by its size"),
        (Answer(200, (("Content-Encoding", "gzip"),), b"no"), Answer(200, (), b"x"), "cannot be shown: not gzip"),
        (Answer(200, JSON, b"[" * 100_000), Answer(200, JSON, b"[]"), "nested too deeply"),
        (Answer(200, (("Content-Type", "text/plain; charset=nosuch"),), b"x"), Answer(200, TEXT, b"y"), "its size"),
    ],
)
def test_what_cannot_be_read_says_so(old: Answer, new: Answer, note: str) -> None:
    assert note in outline(old, new).note


def test_a_side_without_a_body_has_nothing_anywhere() -> None:
    found = outline(Answer(200, JSON, b'{"a": 1}'), Answer(204)).rows
    assert [(row.path, row.old, row.new) for row in found] == [("$", "{1}", None), ("$.a", "1", None)]


def test_a_coded_body_is_decoded_before() -> None:
    coded = Answer(200, (*JSON, ("Content-Encoding", "gzip")), gzip.compress(b'{"a": 1}'))
    assert not any(row.unequal for row in outline(coded, Answer(200, JSON, b'{"a": 1}')).rows)


def test_there_are_no_more_rows_than_wanted_and_it_is_said_that_more_would_be() -> None:
    long = Answer(200, JSON, b"[" + b",".join([b"1"] * 100) + b"]")
    assert (len(outline(long, long, most=10).rows), outline(long, long, most=10).cut) == (10, True)
    assert not outline(long, long).cut


@settings(max_examples=60)
@given(DOCUMENTS, DOCUMENTS)
def test_every_difference_has_a_row_of_its_path(old: object, new: object) -> None:
    left, right = (answer(json.dumps(each)) for each in (old, new))
    found = {(row.path, row.old is None, row.new is None) for row in outline(left, right).rows}
    for each in compare_answers(left, right).differences:
        missing, extra = each.kind is DifferenceKind.MISSING, each.kind is DifferenceKind.EXTRA
        assert (each.path, extra, missing) in found
