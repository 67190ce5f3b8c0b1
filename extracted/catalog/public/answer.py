from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from extracted.catalog.public.asked import Asked
from extracted.catalog.public.conditional import outcome

__all__ = ["Answer", "bad_request", "json_answer", "moved"]

_HTML = "text/html; charset=utf-8"
_BAD_REQUEST = b"""
<!doctype html>
<html lang="en">
<head>
  <title>Bad Request (400)</title>
</head>
<body>
  <h1>Bad Request (400)</h1><p></p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes over the wire. `headers` are complete but for the date; `body` is empty for HEAD."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def json_answer(
    asked: Asked, status: int, data: Any, *, allow: str, indent: int | None = None, extra: dict[str, str] | None = None
) -> Answer:
    """`data` as the monolith renders it, under the conditions of the request."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    # The two line ends that JSON allows within a text and old JavaScript does not.
    body = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()
    headers = {"Content-Type": "application/json", "Allow": allow} | (extra or {})
    return _inner(asked, status, headers, body)


def bad_request(asked: Asked, *, before_the_view: bool) -> Answer:
    """The page for a request that the monolith does not let in; `before_the_view` for a Host it does not know."""
    if before_the_view:
        return _outer(asked, 400, {"Content-Type": _HTML}, _BAD_REQUEST)
    return _inner(asked, 400, {"Content-Type": _HTML}, _BAD_REQUEST)


def moved(asked: Asked) -> Answer:
    """To the same address with a slash at its end."""
    return _outer(asked, 301, {"Content-Type": _HTML, "Location": asked.full_path(slash=True)}, b"")


def _inner(asked: Asked, status: int, headers: dict[str, str], body: bytes) -> Answer:
    """With what the monolith adds close to its views: ETag and conditions, framing, length."""
    if asked.method == "GET":
        etag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        headers["ETag"] = etag
        met = outcome(asked.headers, etag) if 200 <= status < 300 else "answer"
        if met == "not modified":
            status, headers, body = 304, {"ETag": etag}, b""
        elif met == "precondition failed":
            status, headers, body = 412, {"Content-Type": _HTML}, b""
    headers["X-Frame-Options"] = "DENY"
    headers["Content-Length"] = str(len(body))
    return _outer(asked, status, headers, body)


def _outer(asked: Asked, status: int, headers: dict[str, str], body: bytes) -> Answer:
    """With what the monolith adds to every answer: language and security headers."""
    headers |= {
        "Vary": "Accept-Language",
        "Content-Language": asked.language,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return Answer(status, tuple(headers.items()), b"" if asked.method == "HEAD" else body)
