"""The heads that the proxy sends: a request's to an upstream, a response's to a client. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from strangler_proxy.head import RequestHead, ResponseHead

__all__ = ["request_head", "response_head", "without_private_cookies", "without_private_set_cookies"]

_NO_CONTENT: Final = 204


def request_head(head: RequestHead, target: bytes, lines: list[bytes], added: bytes) -> bytes:
    """What an upstream is sent: `lines` as they came, then `added`, whole lines each ended by CRLF."""
    if head.upgrade:
        added = b"%bConnection: Upgrade\r\nUpgrade: %b\r\n" % (added, head.upgrade)
    elif head.takes_trailers:
        added += b"Connection: TE\r\nTE: trailers\r\n"
    return b"%b %b HTTP/1.1\r\n%b\r\n%b\r\n" % (head.method, target, b"\r\n".join(lines), added)


def response_head(response: ResponseHead, lines: list[bytes], added: bytes = b"") -> bytes:
    """What a client is sent: the status line and `lines` as they came, then `added`, as above."""
    if response.length > 0 and (response.status == _NO_CONTENT or response.status < 200):
        # A length on an answer that cannot have a body would be taken for a body by some.
        lines = [line for line in lines if line is not response.length_line]
    if not lines:
        return b"%b\r\n%b\r\n" % (response.line, added)
    return b"%b\r\n%b\r\n%b\r\n" % (response.line, b"\r\n".join(lines), added)


def without_private_cookies(lines: list[bytes], cookies: Iterable[int], private: frozenset[bytes]) -> list[bytes]:
    """Request lines, with the cookies named in `private` taken out of the Cookie lines at `cookies`."""
    kept: list[bytes | None] = list(lines)
    for index in cookies:
        name, _, value = lines[index].partition(b":")
        crumbs = value.split(b";")
        rest = [crumb for crumb in crumbs if crumb.partition(b"=")[0].strip() not in private]
        if len(rest) == len(crumbs):
            continue
        kept[index] = b"%b: %b" % (name, b";".join(rest).strip(b" \t")) if any(map(bytes.strip, rest)) else None
    return [line for line in kept if line is not None]


def without_private_set_cookies(lines: list[bytes], cookies: Iterable[int], private: frozenset[bytes]) -> list[bytes]:
    """Response lines without those Set-Cookie lines, at `cookies`, that set a cookie named in `private`."""
    # Browsers keep a cookie without a name, `=sessionid=x`, and send it back as `sessionid=x`.
    named = ((index, lines[index].partition(b":")[2].lstrip(b" \t=")) for index in cookies)
    gone = {index for index, value in named if value.partition(b"=")[0].strip() in private}
    return [line for index, line in enumerate(lines) if index not in gone] if gone else lines
