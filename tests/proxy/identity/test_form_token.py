"""The CSRF token in a form is found as Django would find it, in whatever of the form is at hand."""

from __future__ import annotations

import string
from urllib.parse import urlencode

import httpx
import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st
from strangler_proxy.form_token import form_token, is_form

TOKEN = "Ab9" * 21 + "x"
URLENCODED = b"application/x-www-form-urlencoded"

tokens = st.text(string.ascii_letters + string.digits, min_size=32, max_size=64)
names = st.text(min_size=1, max_size=8).filter(lambda name: name != "csrfmiddlewaretoken")
fields = st.lists(st.tuples(names, st.text(max_size=20)), max_size=5)


def multipart(data: dict[str, str], content: bytes = b"x") -> tuple[bytes, bytes]:
    request = httpx.Request("POST", "http://a/", data=data, files={"file": ("a.bin", content)})
    return request.headers["content-type"].encode(), request.read()


@given(before=fields, after=fields, token=tokens)
def test_in_an_urlencoded_form_it_is_the_one_that_django_finds(
    before: list[tuple[str, str]], after: list[tuple[str, str]], token: str
) -> None:
    body = urlencode([*before, ("csrfmiddlewaretoken", token), *after]).encode()
    assert form_token(URLENCODED + b"; charset=utf-8", body).decode() == QueryDict(body)["csrfmiddlewaretoken"] == token


@given(form=fields)
def test_a_form_without_one_has_none(form: list[tuple[str, str]]) -> None:
    assert form_token(URLENCODED, urlencode(form).encode()) == b""


@given(form=st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=8), st.text(max_size=20)), token=tokens)
def test_in_a_multipart_form_it_is_found(form: dict[str, str], token: str) -> None:
    kind, body = multipart({**form, "csrfmiddlewaretoken": token})
    assert form_token(kind, body).decode() == token


def test_it_is_found_though_the_rest_of_the_form_is_still_to_come() -> None:
    kind, body = multipart({"csrfmiddlewaretoken": TOKEN}, b"x" * 100_000)
    assert form_token(kind, body[:1000]) == TOKEN.encode()
    assert form_token(kind, body[:60]) == b""


@pytest.mark.parametrize(
    "body", [b"csrfmiddlewaretoken=short", b"xcsrfmiddlewaretoken=" + b"a" * 32, b"csrfmiddlewaretoken=" + b"a" * 65]
)
def test_what_could_be_no_token_is_none(body: bytes) -> None:
    assert form_token(URLENCODED, body) == b""


@given(st.binary(max_size=200))
def test_no_body_makes_trouble(body: bytes) -> None:
    for kind in (URLENCODED, b"multipart/form-data; boundary=b", b"application/json", b""):
        found = form_token(kind, body + b"csrfmiddlewaretoken=")
        assert found == b"" or 32 <= len(found) <= 64


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (b"application/x-www-form-urlencoded", True),
        (b"Application/X-WWW-Form-Urlencoded ; charset=utf-8", True),
        (b"multipart/form-data; boundary=x", True),
        (b"application/json", False),
        (b"multipart/mixed", False),
        (b"", False),
    ],
)
def test_what_a_form_is(kind: bytes, form: bool) -> None:
    assert is_form(kind) is form
