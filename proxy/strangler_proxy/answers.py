"""What the proxy itself answers when no upstream does: a status, the request's id, and nothing about the inside."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import Final

__all__ = ["options_answer", "own_answer"]

_ALLOW: Final = b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def own_answer(status: int, request_id: bytes, *, close: bool, head_only: bool = False) -> bytes:
    """A whole answer in plain text; without its body where `head_only`. `close` announces the connection's end."""
    phrase = HTTPStatus(status).phrase.encode()
    body = b"%d %b\n" % (status, phrase)
    if request_id:
        body += b"Request id: %b\n" % request_id
    lines = [
        b"HTTP/1.1 %d %b" % (status, phrase),
        b"Date: %b" % formatdate(usegmt=True).encode(),
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Length: %d" % len(body),
        b"Cache-Control: no-store",
    ]
    if request_id:
        lines.append(b"X-Request-Id: " + request_id)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append(_ALLOW)
    if close:
        lines.append(b"Connection: close")
    return b"\r\n".join([*lines, b"", b"" if head_only else body])


def options_answer(request_id: bytes, *, close: bool) -> bytes:
    """The answer to OPTIONS that may be forwarded no more (RFC 9110 section 7.6.2)."""
    end = b"\r\nConnection: close" if close else b""
    date = formatdate(usegmt=True).encode()
    return b"HTTP/1.1 200 OK\r\nDate: %b\r\n%b\r\nX-Request-Id: %b\r\nContent-Length: 0%b\r\n\r\n" % (
        date,
        _ALLOW,
        request_id,
        end,
    )
