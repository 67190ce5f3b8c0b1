"""What is told once on the page after a form."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from http.cookies import SimpleCookie
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from strangler_proxy.page.notice import Notice, notice_of, put_away, sent_on
from strangler_proxy.page.visitor import Visitor

ADA = Visitor("ci", "ada", "operate", "a-form-token")


def request(visitor: Visitor | None, cookie: str = "") -> Request:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "server": ("127.0.0.1", 8081),
        "path": "/room/",
        "query_string": b"",
        "headers": [(b"cookie", cookie.encode())] if cookie else [],
        "state": {},
    }
    asked = Request(scope)
    asked.state.visitor = visitor
    return asked


def cookie_of(answered: Response) -> str:
    parsed = SimpleCookie(answered.headers["set-cookie"])
    return "; ".join(f"{name}={each.value}" for name, each in parsed.items())


@pytest.mark.parametrize("text", ["done", 'Zoë — 李; a=b, "c"\n<script>', "x" * 10_000])
@pytest.mark.parametrize("kind", ["ok", "bad"])
def test_what_was_done_is_told_to_whoever_did_it(text: str, kind: str) -> None:
    answered = sent_on(request(ADA), "/room/", text, kind=kind)
    assert (answered.status_code, answered.headers["location"]) == (303, "/room/")
    assert len(answered.headers["set-cookie"]) < 4000, "a browser would drop it"
    told = notice_of(request(ADA, cookie_of(answered)))
    assert told is not None
    assert told.kind == kind
    assert text.startswith(told.text)
    assert told.text == text or len(text) > 1000


def test_it_is_cut_between_letters() -> None:
    told = notice_of(request(ADA, cookie_of(sent_on(request(ADA), "/room/", "李" * 2000))))
    assert told is not None
    assert set(told.text) == {"李"}


def test_it_is_nobody_elses() -> None:
    cookie = cookie_of(sent_on(request(ADA), "/room/", "done"))
    assert notice_of(request(None, cookie)) is None
    assert notice_of(request(Visitor("ci", "ada", "operate", "another-visit"), cookie)) is None


@pytest.mark.parametrize("value", ["", ".", "x.y", urlsafe_b64encode(b"+Your token expired").decode() + ".00", "é.é"])
def test_nobody_puts_words_on_our_pages(value: str) -> None:
    assert notice_of(request(ADA, f"strangler_notice={value}")) is None


def test_nothing_said_is_nothing_told() -> None:
    assert "set-cookie" not in sent_on(request(ADA), "/room/").headers


def test_it_is_put_away() -> None:
    answered = Response()
    put_away(answered)
    assert "Max-Age=0" in answered.headers["set-cookie"]
    assert Notice("ok", "done") == Notice("ok", "done")
