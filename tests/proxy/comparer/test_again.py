"""The request with which a side is asked again."""

from __future__ import annotations

import pytest
from strangler_proxy.comparer.again import asked_again, asks_for_login, is_safe

from tests.proxy.comparer.exchanges import exchange, side


def test_the_monolith_is_asked_as_it_was_with_its_cookies_and_a_mark() -> None:
    assert asked_again(exchange(), candidate=False) == (
        b"GET /products/7/?a=1 HTTP/1.1\r\nHost: shop\r\nCookie: sessionid=1\r\nX-Strangler-Shadow: read\r\n\r\n"
    )


def test_the_candidate_is_asked_for_its_own_path_without_the_monoliths_cookies() -> None:
    assert asked_again(exchange(), candidate=True) == (
        b"GET /v1/products/7?a=1 HTTP/1.1\r\nHost: shop\r\nX-Strangler-Shadow: read\r\n\r\n"
    )


def test_a_body_is_sent_along_with_its_own_length() -> None:
    asked = exchange(request_lines=[b"Host: shop", b"content-length: 99"], request_body=b"abc")
    assert asked_again(asked, candidate=False).endswith(b"Content-Length: 3\r\nX-Strangler-Shadow: read\r\n\r\nabc")


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: close",
        b"Content-Length: 5",
        b"Expect: 100-continue",
        b"If-Match: *",
        b"If-Modified-Since: now",
        b'If-None-Match: "1"',
        b'If-Range: "1"',
        b"If-Unmodified-Since: now",
        b"Keep-Alive: 5",
        b"Range: bytes=0-1",
        b"TE: trailers",
        b"Transfer-Encoding: chunked",
        b"Upgrade: websocket",
        b"x-strangler-shadow: sandbox",
    ],
)
def test_what_frames_it_or_asks_for_less_is_left_out(line: bytes) -> None:
    asked = asked_again(exchange(request_lines=[b"Host: shop", line, b"Accept: */*"]), candidate=False)
    assert asked == b"GET /products/7/?a=1 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\nX-Strangler-Shadow: read\r\n\r\n"


@pytest.mark.parametrize(("method", "safe"), [("GET", True), ("HEAD", True), ("OPTIONS", True), ("POST", False)])
def test_only_what_changes_nothing_is_safe(method: str, safe: bool) -> None:
    assert is_safe(exchange(method=method)) is safe


@pytest.mark.parametrize(
    ("status", "lines", "wants"),
    [
        (401, [], True),
        (403, [], True),
        (302, [b"Location: /accounts/login/?next=/products/7/"], True),
        (302, [b"location: https://id.shop/SignIn"], True),
        (302, [b"Location: /products/8/"], False),
        (404, [], False),
        (200, [], False),
    ],
)
def test_whether_the_other_side_wants_to_know_who_asks(status: int, lines: list[bytes], wants: bool) -> None:
    answer = side(status=status, lines=lines)
    assert asks_for_login(exchange(new=answer, withheld=True)) is wants
    assert asks_for_login(exchange(old=answer, answering="candidate", withheld=True)) is wants
    assert not asks_for_login(exchange(new=answer))
    # Whoever answered the customer had the credentials.
    assert not asks_for_login(exchange(old=answer, withheld=True))
    assert not asks_for_login(exchange(old=answer, new=answer, withheld=True))
