"""What ties an identity to one request: its method and target, as every server tells them to its application."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import unquote_to_bytes

__all__ = ["bound_to", "decoded"]


def bound_to(method: bytes, path: bytes, query: bytes) -> str:
    """The binding to a request: SHA-256 in base64url.

    `path` is decoded (see `decoded`), since WSGI servers tell nobody how it came; `query` is as it came, without `?`.
    """
    message = b"%d:%b%d:%b%d:%b" % (len(method), method, len(path), path, len(query), query)
    return urlsafe_b64encode(sha256(message).digest()).rstrip(b"=").decode("ascii")


def decoded(path: bytes) -> bytes:
    """A path as it stands in the request line, with its percent signs decoded once."""
    return unquote_to_bytes(path) if b"%" in path else path
