from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.replay.bodies import fields_of, is_form, rewritten_form, rewritten_json, rewritten_query

MULTIPART = "multipart/form-data; boundary=xyz"
PARTS = (
    b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n1\xff\r\n--xyz--\r\n'
)


def more(name: str, value: str) -> str:
    return f"{value}&ä" if name == "a" else value


def same(name: str, value: str) -> str:
    return value


def test_a_fields_new_value_is_encoded_and_the_others_stay_as_they_were_sent() -> None:
    assert rewritten_query("a=1&b=%c3%A4+x&c&=&a=%20", more) == "a=1%26%C3%A4&b=%c3%A4+x&c&=&a=+%26%C3%A4"
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    assert rewritten_form(kind, b"a=1&b=2", more) == b"a=1%26%C3%A4&b=2"
    assert fields_of(kind, b"a=1&b=%C3%A4") == [("a", "1"), ("b", "ä")]


def test_a_multipart_forms_fields_are_rewritten_and_its_files_are_not() -> None:
    assert rewritten_form(MULTIPART, PARTS, more) == PARTS.replace(b"\r\n\r\n1\r\n", "\r\n\r\n1&ä\r\n".encode())
    assert fields_of(MULTIPART, PARTS) == [("a", "1")]
    assert rewritten_form("multipart/form-data", PARTS, more) == PARTS


def test_json_is_written_anew_only_where_it_changes() -> None:
    body = b'{"a":  1.0, "b": 12345678901234567890}'
    assert rewritten_json(body, lambda document: document) == body
    assert rewritten_json(b'{"a": 1}', lambda _: {"a": "ä"}) == '{"a": "ä"}'.encode()
    assert rewritten_json(b"{nonsense", lambda _: {}) == b"{nonsense"


def test_only_forms_are_forms() -> None:
    assert is_form("Multipart/Form-Data; boundary=x")
    assert not is_form("application/json")
    assert rewritten_form("text/plain", b"a=1", more) == b"a=1"


@given(st.sampled_from([MULTIPART, "application/x-www-form-urlencoded"]), st.binary(max_size=80))
def test_a_body_in_which_nothing_changes_stays_as_it_is(kind: str, body: bytes) -> None:
    assert rewritten_form(kind, body, same) == body


@given(st.binary(max_size=40))
def test_whatever_is_no_json_stays_as_it_is(body: bytes) -> None:
    def same_document(document: Any) -> Any:
        return document

    assert rewritten_json(body, same_document) == body
