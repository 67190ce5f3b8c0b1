"""The path and query that the monolith would see: a request target decoded as a WSGI server and Django decode it."""

from __future__ import annotations

import codecs
from typing import Final
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

__all__ = ["decoded_path", "has_dot_segments", "last_values", "without_fragment"]

# Asked for as numbers: looking for a byte by its bytes object raises an exception inside, and costs as much.
_TAB: Final = ord("\t")
_HASH: Final = ord("#")
_PERCENT: Final = ord("%")


def _repercent(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("strangler.repercent", _repercent)


def decoded_path(raw: bytes) -> str | None:
    """The path of a request target (its part before `?`) as `request.path_info` would have it; None for no path.

    Percent signs are decoded once, so `%2F` is a slash. Bytes that are not UTF-8 stay percent-encoded. `//`, `.`, `..`
    and `;` stand as they came. A `#` and what follows it is dropped, as WSGI servers drop it, and of an absolute URL
    the path is taken: neither walks around a route.
    """
    if not raw.startswith(b"/") or _HASH in raw or _TAB in raw:
        split = _split(raw)
        if split is None:
            return None
        raw = split
    if _PERCENT in raw:
        raw = unquote_to_bytes(raw)
    try:
        path = raw.decode()
    except UnicodeDecodeError:
        path = raw.decode("utf-8", "strangler.repercent")
    return path if path.startswith("/") else None


def _split(raw: bytes) -> bytes | None:
    """What WSGI servers take for the path of a target that is more than a path."""
    text = raw.decode("latin-1")
    try:
        if text.startswith("//"):  # not a host: in a request line this is a path
            path = urlsplit("." + text).path[1:]
        else:
            path = urlsplit(text).path or "/"
    except ValueError:
        return None
    return path.encode("latin-1")


def without_fragment(raw_path: bytes, raw_query: bytes) -> bytes:
    """The query that is left once a fragment, which may begin in either part, is dropped."""
    return b"" if b"#" in raw_path else raw_query.partition(b"#")[0]


def last_values(raw_query: bytes) -> dict[str, str]:
    """The query's parameters decoded as Django's QueryDict decodes them; of several values the last."""
    try:
        text = raw_query.decode()
    except UnicodeDecodeError:
        text = raw_query.decode("latin-1")
    return dict(parse_qsl(text, keep_blank_values=True, errors="replace"))


def has_dot_segments(raw: bytes) -> bool:
    """Whether `.` or `..` stands between two slashes of a raw path, however it is encoded."""
    path = decoded_path(raw)
    return path is not None and any(segment in (".", "..") for segment in path.split("/"))
