"""What of a request lets the monolith know its client, and nothing else of it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

__all__ = ["CredentialNames", "Credentials", "crumb_digest", "crumbs_of"]

# What a session or its user may depend on, and what shows in what a refused client is told.
_ALWAYS: Final = (b"accept-language", b"authorization", b"host", b"user-agent")
# What only the check of an unsafe request looks at.
_UNSAFE: Final = (b"origin", b"referer")
# To be copied, which takes a third of the time that making one does.
_CRUMB: Final = blake2b(digest_size=16, person=b"strangler-crumb")


class CredentialNames:
    """Which header fields and cookies are credentials; all in lower case, cookies exactly.

    `headers` are those that the monolith signs people in by besides Cookie and Authorization; `csrf_header` carries
    the CSRF token; `private` are the monolith's own cookies.
    """

    __slots__ = ("csrf_header", "private", "safe", "signing_in", "unsafe")

    def __init__(self, headers: Sequence[bytes], csrf_header: bytes, private: frozenset[bytes]) -> None:
        self.signing_in = frozenset([b"authorization", *headers])
        self.safe = frozenset([*_ALWAYS, *headers])
        self.unsafe = self.safe | frozenset([*_UNSAFE, csrf_header])
        self.csrf_header = csrf_header
        self.private = private


class Credentials:
    """The credentials of one request.

    `block` are their header lines, each ended by CRLF, with the cookies in one line. `crumbs` are digests of the
    private cookies, one each: what the request and its session are known by, unless they are `odd`: spelled so that the
    monolith may read another cookie than is seen here. `anonymous` says that there is nothing
    that a client could be known by; `has_csrf_header` that a CSRF token came in its header; `content_type` is the
    body's.
    """

    __slots__ = ("anonymous", "block", "content_type", "crumbs", "has_csrf_header", "odd")

    def __init__(self, names: CredentialNames, lines: Sequence[bytes], *, safe: bool, origin: bool = False) -> None:
        wanted = names.safe if safe else names.unsafe
        kept: list[bytes] = []
        cookies: list[bytes] = []
        self.anonymous = True
        self.has_csrf_header = False
        self.content_type = b""
        hosted = False
        for line in lines:
            name, _, value = line.partition(b":")
            name = name.lower()
            if name == b"cookie":
                cookies.append(value.strip(b" \t"))
            elif name in wanted or (origin and name == b"origin"):
                kept.append(line)
                if name in names.signing_in:
                    self.anonymous = False
                elif name == names.csrf_header:
                    self.has_csrf_header = True
                elif name == b"host":
                    hosted = True
            elif name == b"content-type":
                self.content_type = value.strip(b" \t")
        if not hosted:
            kept.append(b"Host: localhost")
        self.crumbs: list[bytes] = crumbs_of(cookies, names.private)
        self.odd = any(_is_odd(crumb, names.private) for value in cookies for crumb in value.split(b";"))
        if self.crumbs:
            self.anonymous = False
        if cookies:
            # One line: of several, some servers make one with commas, and the cookies behind the first are lost.
            kept.append(b"Cookie: " + b"; ".join(cookies))
        self.block = b"\r\n".join(kept) + b"\r\n"


def crumbs_of(cookies: Sequence[bytes], private: frozenset[bytes]) -> list[bytes]:
    """Digests of the private cookies in the values of Cookie fields, with their names."""
    found = []
    for value in cookies:
        for crumb in value.split(b";"):
            crumb = crumb.strip(b" \t")
            if crumb.partition(b"=")[0].strip(b" \t") in private:
                found.append(crumb_digest(crumb))
    return found


def crumb_digest(crumb: bytes) -> bytes:
    """The digest of one cookie, `name=value`: a cache of live sessions' keys would be worth stealing.

    It is the same in all workers, and no other digest of a session's key is.
    """
    name, _, value = crumb.partition(b"=")
    digest = _CRUMB.copy()
    digest.update(b"%b=%b" % (name.strip(b" \t"), value.strip(b" \t")))
    return digest.digest()


def _is_odd(crumb: bytes, private: frozenset[bytes]) -> bool:
    """Whether the monolith may read it as a private cookie of another name or value: Django takes off quotes and what
    they escape, and Unicode's white space."""
    name, _, value = crumb.partition(b"=")
    if name.strip(b" \t") in private:
        return b'"' in value or not value.isascii()
    return not name.isascii()
