from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

import pytest
from django.http import QueryDict
from django.utils.encoding import repercent_broken_unicode
from gunicorn.util import split_request_uri
from hypothesis import example, given
from hypothesis import strategies as st
from strangler_proxy.routes.target import decoded_path, last_values, without_fragment


def as_monolith(target: bytes) -> str:
    """The path that Django has of a request target: gunicorn's split, WSGI's decoding, Django's repair."""
    path: str = split_request_uri(target.decode("latin-1")).path
    return repercent_broken_unicode(unquote_to_bytes(path.encode("latin-1"))).decode()


PIECES = [
    "/",
    "//",
    "a",
    ".",
    "..",
    ";",
    "%",
    "%2F",
    "%25",
    "%C3%A9",
    "%FF",
    "%E2%82",
    "%00",
    "%3F",
    "%23",
    "#",
    ":",
    "@",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8))
@example(["%2e%2e", "/"])
@example(["/", "#", "a", "%", "b"])
@example(["%E2%28%A1"])
def test_a_path_is_decoded_as_gunicorn_and_django_decode_it(pieces: list[str]) -> None:
    target = ("/" + "".join(pieces)).encode()
    assert decoded_path(target) == as_monolith(target)


@given(st.binary(max_size=12))
def test_any_bytes_after_a_slash_have_a_path(tail: bytes) -> None:
    assert (decoded_path(b"/" + tail) or "/").startswith("/")


@given(st.text(st.characters(exclude_characters="/", codec="utf-8"), min_size=1))
def test_a_quoted_segment_comes_back_as_it_was(segment: str) -> None:
    assert decoded_path(f"/{quote(segment, safe='')}/".encode()) == f"/{segment}/"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/a%2Fb", "/a/b"),
        (b"/a%252Fb", "/a%2Fb"),
        (b"/a/../b", "/a/../b"),
        (b"//a", "//a"),
        (b"//host/a#x", "//host/a"),
        (b"/a;b=c", "/a;b=c"),
        (b"/a#/b", "/a"),
        (b"/\xc3\xa9", "/é"),
        (b"/%ff/%c3%a9", "/%FF/é"),
        (b"http://shop.example/a", "/a"),
        (b"http://shop.example", "/"),
        (b"http://[", None),
        (b"*", None),
        (b"", "/"),
        (b"shop.example:443", None),
    ],
)
def test_targets_that_could_walk_around_a_route(target: bytes, path: str | None) -> None:
    assert decoded_path(target) == path


@given(st.text(st.sampled_from("ab=&%+;1é"), max_size=12))
def test_a_query_is_read_as_django_reads_it(text: str) -> None:
    django = QueryDict(text)
    assert last_values(text.encode()) == {name: django[name] for name in django}


def test_a_query_of_other_bytes_is_read_as_latin_1_like_django_does() -> None:
    assert last_values(b"a=\xe9") == {"a": "é"}


def test_a_fragment_takes_the_query_behind_it_away() -> None:
    assert without_fragment(b"/a#b", b"q=1") == b""
    assert without_fragment(b"/a", b"q=1#b") == b"q=1"
