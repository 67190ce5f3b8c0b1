"""The heads that the proxy sends: a request's to an upstream, a response's to a client. Pure."""

from __future__ import annotations

from typing import Final

from strangler_proxy.request_head import RequestHead
from strangler_proxy.response_head import ResponseHead

__all__ = ["request_head", "response_head", "without_guarded", "without_private_cookies"]

_NO_CONTENT: Final = 204


def request_head(head: RequestHead, target: bytes, lines: list[bytes], added: bytes) -> bytes:
    """What an upstream is sent: `lines` as they came, then `added`, whole lines each ended by CRLF."""
    if head.upgrade:
        added = b"%bConnection: Upgrade\r\nUpgrade: %b\r\n" % (added, head.upgrade)
    elif head.takes_trailers:
        added += b"Connection: TE\r\nTE: trailers\r\n"
    return b"%b %b HTTP/1.1\r\n%b\r\n%b\r\n" % (head.method, target, b"\r\n".join(lines), added)


def response_head(response: ResponseHead, lines: list[bytes], added: bytes) -> bytes:
    """What a client is sent: the status line and `lines` as they came, then `added`, as above."""
    if response.length > 0 and (response.status == _NO_CONTENT or response.status < 200):
        # A length on an answer that cannot have a body would be taken for a body by some.
        lines = [line for line in lines if line is not response.length_line]
    if not lines:
        return b"%b\r\n%b\r\n" % (response.line, added)
    return b"%b\r\n%b\r\n%b\r\n" % (response.line, b"\r\n".join(lines), added)


def without_private_cookies(lines: list[bytes], cookies: list[int], private: frozenset[bytes]) -> list[bytes]:
    """Request lines, with the cookies named in `private` taken out of the Cookie lines at `cookies`.

    A Cookie line in which nothing is left is taken out whole.
    """
    gone: list[int] = []
    kept = lines
    for index in cookies:
        line = lines[index]
        colon = line.find(b":")
        crumbs = line[colon + 1 :].split(b";")
        rest = [crumb for crumb in crumbs if _cookie_name(crumb) not in private]
        if len(rest) == len(crumbs):
            continue
        if kept is lines:
            kept = lines.copy()
        if any(map(bytes.strip, rest)):
            kept[index] = line[: colon + 1] + b";".join(rest)
        else:
            gone.append(index)
    return [line for index, line in enumerate(kept) if index not in gone] if gone else kept


def _cookie_name(crumb: bytes) -> bytes:
    equals = crumb.find(b"=")
    return (crumb if equals < 0 else crumb[:equals]).strip()


def without_guarded(lines: list[bytes], guarded: list[int], private: frozenset[bytes]) -> list[bytes]:
    """Response lines, of those at `guarded` without what is the monolith's alone.

    That is a Set-Cookie of a cookie named in `private`, and Clear-Site-Data, which would take them all away.
    """
    gone = [index for index in guarded if _is_the_monoliths(lines[index], private)]
    return [line for index, line in enumerate(lines) if index not in gone] if gone else lines


def _is_the_monoliths(line: bytes, private: frozenset[bytes]) -> bool:
    colon = line.find(b":")
    if line[:colon].lower() != b"set-cookie":
        return True
    # Browsers keep a cookie without a name, `=sessionid=x`, and send it back as `sessionid=x`.
    value = line[colon + 1 :].lstrip(b" \t=")
    if value.isascii():
        return _cookie_name(value) in private
    # Django strips Unicode's white space from names, of text that WSGI has as UTF-8 and ASGI as Latin-1.
    readings = [value.decode(coding, "replace").lstrip("= \t").strip() for coding in ("utf-8", "latin-1")]
    names = [reading.lstrip("=").partition("=")[0].strip() for reading in readings]
    names += [name.partition(";")[0].strip() for name in names]
    return any(name.encode("utf-8", "replace") in private for name in names)
