"""The request with which a side is asked again: what it was sent at first, without what would make it another. Pure."""

from __future__ import annotations

from typing import Final

from strangler.shadow import SAFE_METHODS
from strangler_proxy.shadow.frame import Unequal

__all__ = ["asked_again", "asks_for_login", "is_safe"]

# Framing, which the body says anew; one connection's own; and what asks for less than the whole answer.
_LEFT_OUT: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"keep-alive",
        b"proxy-connection",
        b"range",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-strangler-shadow",
    }
)
_MARK: Final = b"X-Strangler-Shadow: read\r\n"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LOGIN: Final = (b"login", b"log-in", b"signin", b"sign-in", b"/sso", b"/oauth", b"/auth/")


def is_safe(unequal: Unequal) -> bool:
    """Whether it may be asked again: it changes nothing, whoever is asked."""
    return unequal.method in SAFE_METHODS


def asked_again(unequal: Unequal, *, candidate: bool, added: bytes = b"") -> bytes:
    """The whole request as the candidate is asked again, or the monolith; marked as shadow traffic.

    `added` are whole lines that whoever is asked gets besides.
    """
    lines = unequal.candidate_lines if candidate else unequal.request_lines
    target = unequal.candidate_target if candidate else unequal.target
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in _LEFT_OUT]
    body = unequal.request_body
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    head = b"".join(line + b"\r\n" for line in kept)
    return b"%b %b HTTP/1.1\r\n%b%b%b%b\r\n%b" % (
        unequal.method.encode("latin-1"),
        target,
        head,
        added,
        length,
        _MARK,
        body,
    )


def asks_for_login(unequal: Unequal) -> bool:
    """Whether the side that did not answer the customer wants to know who asks, which it was not told."""
    if not unequal.withheld:
        return False
    answered, other = (unequal.old, unequal.new) if unequal.answering == "monolith" else (unequal.new, unequal.old)
    if other.status == answered.status:
        return False
    if other.status in (401, 403):
        return True
    if other.status not in _REDIRECTS:
        return False
    place = b"".join(line.lower() for line in other.lines if line[:9].lower() == b"location:")
    return any(word in place for word in _LOGIN)
