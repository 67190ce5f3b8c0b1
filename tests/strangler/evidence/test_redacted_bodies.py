"""Pages, forms, packed and odd bodies: what is secret in them is found, and what cannot be read is not kept."""

from __future__ import annotations

import gzip
import json
import zlib
from urllib.parse import quote, quote_plus

import brotli
import pytest

from strangler.compare import (
    Answer,
    Request,
)
from tests.strangler.evidence.redacting import FORM, HTML, JSON, kept_text, pair, redactor

PAGE = """<html><head><meta name="csrf-token" content="{0}"></head><body data-a='1 > 0'>
<form method=post><input type='hidden' name='csrfmiddlewaretoken' value='{0}'>
<input value="{1}" type=password name=again><textarea name="secret_note" rows=2>{1}</textarea>
<textarea name="note">ana</textarea><INPUT NAME=pin VALUE={2}></form>
<script>var a = {{"csrfToken": "{0}", 'apiKey': '{1}', "name": "ana"}};</script></body></html>"""


def test_the_fields_of_a_page_are_taken_out() -> None:
    page = PAGE.format("c" * 64, "hush!", "1234").encode()
    cleaned = redactor()(pair(old=Answer(200, (HTML,), page), new=Answer(200, (HTML,), page)))
    text = cleaned.old.body.decode()
    assert cleaned.new.body == cleaned.old.body
    for secret in ("cccc", "hush", "1234"):
        assert secret not in text
    assert text.count("redacted-") == 7
    assert text.count("ana") == 2


def test_a_token_that_a_page_repeats_elsewhere_is_found_there() -> None:
    token = "Abc/123+token=="
    page = f'<input name=csrfmiddlewaretoken value="{token}"><p data-x="{quote(token, safe="")}">{token}</p>'
    request = Request("GET", "/", headers=(("X-Page", f"before {token}"),))
    cleaned = redactor()(pair(request, Answer(200, (HTML,), page.encode())))
    assert "Abc" not in kept_text(cleaned)


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16-le", "latin-1"])
def test_what_the_last_place_tells_is_secret_is_found_in_the_first(charset: str) -> None:
    token = "0123-4567-89ab"
    told = Answer(200, (JSON,), json.dumps({"token": token}).encode())
    media = ("Content-Type", f"text/plain; charset={charset.replace('-le', 'le')}")
    cleaned = redactor()(pair(Request("POST", "/", headers=(media,), body=f"ä {token}".encode(charset)), new=told))
    assert cleaned.request.body.decode(charset).startswith("ä redacted-")
    cleaned = redactor()(pair(Request("GET", f"/{token}/", headers=(("X-Page", token),)), new=told))
    assert token not in kept_text(cleaned)


def test_multipart_forms_lose_their_secret_fields() -> None:
    body = (
        b'--xx\r\nContent-Disposition: form-data; name="password"\r\n\r\nhush\r\n'
        b'--xx\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n\xff\x00ana\r\n--xx--\r\n'
    )
    headers = (("Content-Type", 'multipart/form-data; boundary="xx"'),)
    cleaned = redactor()(pair(Request("POST", "/", headers=headers, body=body)))
    assert b"hush" not in cleaned.request.body
    assert cleaned.request.body.startswith(b'--xx\r\nContent-Disposition: form-data; name="password"\r\n\r\nredacted-')
    assert cleaned.request.body.endswith(body[body.index(b'\r\n--xx\r\nContent-Disposition: form-data; name="file') :])


def test_patterns_are_found_in_every_text() -> None:
    card = "4111 1111 1111 1111"
    rules = redactor(("pattern", r"\b\d{4} \d{4} \d{4} \d{4}\b"), ("pattern", r"customer-(\d+)"), ("pattern", "77777"))
    cleaned = rules(
        pair(
            Request(
                "POST", f"/customer-12?c={quote_plus(card)}", headers=(FORM,), body=f"c={quote_plus(card)}".encode()
            ),
            Answer(200, (JSON, ("X-A", card)), json.dumps({"c": [card], card: 1, "n": 77777, "m": 1.0}).encode()),
            Answer(200, (("Content-Type", "text/plain"),), f"paid with {card} by customer-12".encode()),
        )
    )
    text = kept_text(cleaned)
    assert "4111" not in text
    assert "77777" not in text
    assert cleaned.new.body.startswith(b"paid with redacted-")
    assert b"customer-redacted-" in cleaned.new.body
    assert b"customer-12" not in cleaned.new.body


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_bodies_are_decoded_looked_through_and_kept_decoded(coding: str) -> None:
    plain = json.dumps({"token": "hush", "id": 1}).encode()
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding](plain)
    headers = (JSON, ("Content-Encoding", coding), ("Content-Length", str(len(packed))), ("ETag", 'W/"abc"'))
    cleaned = redactor()(pair(old=Answer(200, headers, packed)))
    assert json.loads(cleaned.old.body)["id"] == 1
    assert json.loads(cleaned.old.body)["token"].startswith("redacted-")
    assert [name for name, _ in cleaned.old.headers] == ["Content-Type", "ETag"]
    assert (cleaned.old.header("etag") or "").startswith('W/"redacted-')


def test_a_body_in_which_nothing_is_secret_stays_byte_by_byte() -> None:
    body = b'{ "price": 1.50,\n "name" : "\\u00e4" }'
    answer = Answer(200, (JSON, ("Content-Length", str(len(body))), ("ETag", '"abc"')), body)
    assert redactor(("path", "$.nothing"))(pair(old=answer)).old == answer


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((JSON,), b'{"token": "hush"'),
        ((JSON,), b"\xff\xfe" + b'"hush"'),
        ((JSON,), b"[" * 100_000 + b'"hush"'),
        ((JSON, ("Content-Encoding", "gzip")), b"hush"),
        ((JSON, ("Content-Encoding", "compress")), b'"hush"'),
        ((("Content-Type", "text/plain; charset=zip"),), b"hush"),
        ((("Content-Type", "text/plain; charset=utf-8"),), b"\xffhush"),
        ((("Content-Type", "multipart/form-data"),), b"hush"),
        ((("Content-Type", "multipart/form-data; boundary=a"),), b"--b\r\nhush"),
    ],
)
def test_a_body_that_cannot_be_looked_into_is_kept_only_as_a_mark(
    headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    answer = Answer(200, headers, body)
    cleaned = redactor()(pair(old=answer, new=answer))
    assert cleaned.old.body.startswith(b"redacted-body-")
    assert cleaned.old.body.endswith(f" {len(body)} bytes".encode())
    assert cleaned.old.body == cleaned.new.body
    other = redactor()(pair(old=Answer(200, headers, body + b"x")))
    assert other.old.body != cleaned.old.body
