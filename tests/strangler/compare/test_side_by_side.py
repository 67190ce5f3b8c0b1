from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Answer, Request
from strangler.compare.side_by_side import Row, curl, lines_of, side_by_side

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_lines_that_are_equal_are_left_out_but_for_those_around() -> None:
    old = [f"line {number}" for number in range(20)]
    new = [*old[:10], "another", *old[11:]]
    rows = side_by_side(old, new)
    assert rows[0] == rows[-1] == Row(None, None)
    assert Row("line 10", "another", True) in rows
    assert len(rows) == 7
    assert len(side_by_side(old, new, whole=True)) == 20


def test_answers_too_long_to_match_are_still_shown_line_by_line() -> None:
    old = [f"line {number}" for number in range(5000)]
    rows = side_by_side(old, [*old[:4999], "another"])
    assert Row("line 4999", "another", True) in rows


def test_a_body_that_is_no_text_is_told_by_its_length_and_digest() -> None:
    assert lines_of(Answer(200, (), b"\xff\x00"))[-1] == "(no text: 2 bytes, sha256 ea5dbf9596d187e9)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"price": 9.90}', b'{"price": 9.9}'),
        (b"1e400", b"1e401"),
        (b"9" * 5000, b"9" * 4999 + b"8"),
        (b'{"a": 1, "a": 2}', b'{"a": 2}'),
        (b"{}", b"[]"),
        (b"[" * 100_000, b"[" * 100_001),
        (b"\xff\x00", b"\xff\x01"),
    ],
)
def test_what_differs_in_the_bodies_differs_in_the_lines(old: bytes, new: bytes) -> None:
    rows = side_by_side(lines_of(Answer(200, (), old)), lines_of(Answer(200, (), new)))
    assert any(row.differs for row in rows)


@given(JSON)
def test_json_is_indented_as_everybody_knows_it(document: Any) -> None:
    expected = json.dumps(document, indent=2, ensure_ascii=False).splitlines()
    assert lines_of(Answer(200, (), json.dumps(document).encode()))[2:] == expected


def test_curl_quotes_whatever_was_asked() -> None:
    request = Request("POST", "/a?b='$(id)'", "", (("Host", "shop"), ("X-Odd", "`id`")), b"a=1&b='2'")
    command = curl(request, "http://127.0.0.1:1/")
    assert "Host" not in command
    assert "'X-Odd: `id`'" in command
    assert command.startswith("curl -sS -i -X POST ")
    assert "$(id)" in command
    assert '"\'"' in command


def test_curl_asks_for_what_it_would_otherwise_read_as_its_own() -> None:
    request = Request("POST", "/a/../b[1]/{x}", "", (("Accept-Language", ""),), b"@/etc/passwd")
    assert curl(request, "http://127.0.0.1:1", host="shop.test") == (
        "curl -sS -i --path-as-is -g -X POST -H 'Host: shop.test' -H 'Accept-Language;' --data-raw @/etc/passwd"
        " 'http://127.0.0.1:1/a/../b[1]/{x}'"
    )
