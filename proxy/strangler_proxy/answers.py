"""What the proxy itself answers when no upstream does: a status, the request's id, and nothing about the inside."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus

__all__ = ["own_answer"]


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
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append(b"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
    if close:
        lines.append(b"Connection: close")
    return b"\r\n".join([*lines, b"", b"" if head_only else body])
