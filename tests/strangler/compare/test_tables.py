"""Bodies in rows and fields: CSV and TSV, forms, parts, lines of JSON, lines of text."""

from __future__ import annotations

import pytest

from strangler.compare import Answer, Limits, Verdict, compare_answers
from tests.strangler.compare.bodies import agree, compared_as, places, ruled

CSV = "text/csv"
TSV = "text/tab-separated-values"
FORM = "application/x-www-form-urlencoded"
LINES = "application/x-ndjson"


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (CSV, "a,b\r\n1,x y\r\n", 'a,b\n1,"x y"'),
        (CSV, 'a;b\n1;"2;3"\n', '"a";b\r\n1;"2;3"\r\n'),
        (TSV, "a\tb\n1\t2\n", 'a\tb\n1\t"2"'),
        ("text/csv; header=absent", "1,2\n", '"1",2'),
        (CSV, "a\n1\n\n", "a\n1\n"),
    ],
)
def test_how_a_cell_is_quoted_and_a_line_ended_has_no_meaning(kind: str, old: str, new: str) -> None:
    agree(kind, old, new)


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected"),
    [
        (CSV, "sku,price\nA,1\nB,2\n", "sku,price\nA,1\nB,3\n", [("$.rows[1].price", "value")]),
        (
            CSV,
            "sku,price\nA,1\nB,2\nC,3\n",
            "sku,price\nA,1\nC,4\n",
            [("$.rows[1]", "missing"), ("$.rows[2].price", "value")],
        ),
        (CSV, "a,b\n1,2\n", "b,a\n2,1\n", [("$.columns[0]", "value"), ("$.columns[1]", "value")]),
        (CSV, "a,b\n1,2\n", "a\n1\n", [("$.columns[1]", "missing"), ("$.rows[0].b", "missing")]),
        (CSV, "a\n1\n", "a\n1,2\n", [("$.rows[0].#more", "extra")]),
        (CSV, "a,a\n1,2\n", "a,a\n1,3\n", [("$.rows[0].a", "value")]),
        (CSV, "a,b\n1,2\n", "a;b\n1;2\n", [("$.separator", "extra")]),
        (CSV, "a\n1\n", "\ufeffa\n1\n", [("$.bom", "extra")]),
        (CSV, 'a\n"1\n2"\n', 'a\n"1\n3"\n', [("$.rows[0].a", "value")]),
        (CSV, "a\n1\n", 'a\n"1"x\n', [("body", "encoding")]),
        (CSV, "a\n1\n", "a\n", [("$.rows[0]", "missing")]),
        ("text/csv; header=absent", "1,2\n", "1,3\n", [("$.rows[0][1]", "value")]),
    ],
)
def test_a_table_differs_by_row_and_column(kind: str, old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert places(compared_as(kind, old, new)) == expected


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected"),
    [
        (FORM, "a=1&b=2", "b=2&a=1", []),
        (FORM, "a=x+y&b=%C3%A9", "b=é".replace("é", "%c3%a9") + "&a=x%20y", []),
        (FORM, "a=1&a=2", "a=2&a=1", [("$.a[0]", "value"), ("$.a[1]", "value")]),
        (FORM, "a=1", "a=1&b=", [("$.b[0]", "extra")]),
        (FORM, "a=1&a=2", "a=1", [("$.a[1]", "missing")]),
        (FORM, "a=%ff", "a=%fe", [("$.a[0]", "value")]),
        (LINES, '{"id": 1, "n": 1}\n{"id": 2}\n', '{"n":1,"id":1}\n\n{"id":2}', []),
        (
            LINES,
            '{"id": 1}\n{"id": 2}\n{"id": 3, "n": 1}\n',
            '{"id": 1}\n{"id": 3, "n": 2}\n',
            [("$[1]", "missing"), ("$[2].n", "value")],
        ),
        ("application/jsonl", "1\n2\n", "1\n2.0\n", [("$[1]", "type")]),
        (LINES, '{"a": 1}\n', '{"a": \n', [("body", "encoding")]),
        ("text/plain", "a\nb\nc", "a\nx\nc", [("$.lines[1]", "value")]),
        ("text/plain", "a\nb\nc\nd", "a\nc\nD", [("$.lines[1]", "missing"), ("$.lines[3]", "value")]),
        ("text/css", "a{}\r\n", "a{}\n", [("$.lines[0]", "value")]),
        ("text/event-stream", "data: 1\n\ndata: 2\n\n", "data: 1\n\ndata: 3\n\n", [("$.lines[2]", "value")]),
        ("application/javascript", "a", "b", [("$.lines[0]", "value")]),
    ],
)
def test_fields_and_lines_differ_by_name_and_number(
    kind: str, old: str, new: str, expected: list[tuple[str, str]]
) -> None:
    assert places(compared_as(kind, old, new)) == expected


def test_a_long_line_shows_where_it_differs() -> None:
    found = compared_as(
        "text/plain", "first\n" + "a" * 300 + "old" + "b" * 300, "first\n" + "a" * 300 + "new" + "b" * 300
    )
    (difference,) = found.differences
    assert difference.path == "$.lines[1]"
    assert difference.old == 'at 300: "' + "a" * 40 + "old" + "b" * 37 + '"'


@pytest.mark.parametrize(
    ("kind", "rule", "old", "new"),
    [
        (CSV, 'path = "$.rows[*].price"\ntolerance = 0.01', "sku,price\nA,4.37\n", "sku,price\nA,4.38\n"),
        (CSV, 'path = "$.rows"\nlist = "key:sku"', "sku,n\nA,1\nB,2\n", "sku,n\nB,2\nA,1\n"),
        (CSV, 'path = "$.columns"\nlist = "set"', "a,b\n1,2\n", "b,a\n2,1\n"),
        (FORM, 'path = "$.token"\nignore = true', "token=1&a=1", "a=1"),
        (LINES, 'path = "$[*].at"\ntime = 2', '{"at": 100}\n', '{"at": 101}\n'),
        ("text/plain", 'path = "$.lines[0]"\nignore = true', "made 12:00\nx", "made 12:01\nx"),
    ],
)
def test_rules_hold_in_rows_and_fields_as_they_do_in_json(kind: str, rule: str, old: str, new: str) -> None:
    agree(kind, old, new, ruled(rule))


def parts(boundary: str, *each: tuple[str, str], preamble: str = "") -> tuple[str, str]:
    """Parts, each as its headers and its body; the media type's parameter and the whole."""
    text = "".join(f"--{boundary}\r\n{headers}\r\n\r\n{body}\r\n" for headers, body in each)
    return boundary, f"{preamble}{text}--{boundary}--\r\n"


PHOTO = 'Content-Disposition: form-data; name="photo"; filename="a.png"\r\nContent-Type: image/png'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([("Content-Disposition: form-data; name=a", "1")], [('content-disposition: form-data;name="a"', "1")], []),
        (
            [("Content-Disposition: form-data; name=a", "1")],
            [("Content-Disposition: form-data; name=a", "2")],
            [("$.a[0].body.lines[0]", "value")],
        ),
        ([(PHOTO, "x")], [(PHOTO, "y")], [("$.photo[0].body", "value")]),
        ([(PHOTO, "x")], [(PHOTO.replace("a.png", "b.png"), "x")], [("$.photo[0].filename", "value")]),
        (
            [("Content-Disposition: form-data; name=j\r\nContent-Type: application/json", '{"n": [1, 2]}')],
            [("Content-Disposition: form-data; name=j\r\nContent-Type: application/json", '{"n": [1, 3]}')],
            [("$.j[0].body.n[1]", "value")],
        ),
        (
            [("Content-Disposition: form-data; name=a", "1")],
            [("Content-Disposition: form-data; name=b", "1")],
            [("$.a[0]", "missing"), ("$.b[0]", "extra")],
        ),
    ],
)
def test_a_form_in_parts_differs_by_field(
    old: list[tuple[str, str]], new: list[tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    _, before = parts("same", *old)
    _, after = parts("same", *new, preamble="ignored\r\n")
    assert places(compared_as("multipart/form-data; boundary=same", before, after)) == expected


def test_other_parts_are_compared_one_by_one_whatever_the_boundary() -> None:
    one, other = ("Content-Type: application/json", '{"a": 1}'), ("Content-Type: text/plain\r\nX-A: 1", "hello")

    def sent(boundary: str, *each: tuple[str, str]) -> Answer:
        return Answer(
            200, (("Content-Type", f"multipart/mixed; boundary={boundary}"),), parts(boundary, *each)[1].encode()
        )

    assert compare_answers(sent("x", one, other), sent("y", one, other)).verdict is Verdict.AGREE
    found = compare_answers(sent("x", one, other), sent("y", ("Content-Type: application/json", '{"a": 2}'), other))
    assert places(found) == [("$.parts[0].body.a", "value")]
    assert places(compare_answers(sent("x", one, other), sent("y", one))) == [("$.parts[1]", "missing")]


def test_what_is_not_in_parts_is_a_difference_or_bytes() -> None:
    kind = "multipart/form-data; boundary=b"
    _, whole = parts("b", ("Content-Disposition: form-data; name=a", "1"))
    assert places(compared_as(kind, whole, "nothing")) == [("body", "encoding")]
    assert places(compared_as(kind, "one", "two")) == [("body", "value")]
    assert places(compared_as("multipart/form-data", whole, whole + "x")) == [("body", "value")]


def test_parts_within_parts_without_end_are_inconclusive() -> None:
    body = "x"
    for level in range(6):
        body = parts(f"b{level}", (f"Content-Type: multipart/mixed; boundary=b{level - 1}", body))[1]
    found = compared_as("multipart/mixed; boundary=b5", body, body.replace("x", "y", 1) + " ")
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "more than 3 multiparts within one another")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (CSV, "a\n" * 60),
        (FORM, "a=1&" * 60),
        (LINES, "1\n" * 60),
        ("text/plain", "a\n" * 60),
        ("multipart/x; boundary=b", "\n--b" * 60),
    ],
)
def test_rows_and_fields_beyond_the_limits_are_inconclusive(kind: str, body: str) -> None:
    found = compared_as(kind, body, body + "x", limits=Limits(nodes=50))
    assert (found.verdict, found.detail) == (Verdict.INCONCLUSIVE, "more than 50 values to look at")


def test_a_cell_beyond_measure_is_inconclusive() -> None:
    assert "a cell of more than" in compared_as(CSV, "a\n" + "x" * 200_000, "a\n").detail
