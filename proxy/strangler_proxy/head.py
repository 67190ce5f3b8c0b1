"""What the heads of requests and responses have in common: how they are cut into lines, and what is refused in both.

A head that RFC 9112 lets be read in two ways is refused, since the next reader may choose the other one. Lines that
are passed on stay the bytes they were.

The parser is our own. General ones accept what a proxy must not (two Host fields or none, Transfer-Encoding in
HTTP/1.0, white space around names) and hand over fields rather than the lines to pass on, so their work is done twice;
splitting at CRLF and looking each name up costs less. Refused are: control characters, a CR or LF on its own, folded
lines, names that are not tokens (white space before the colon among them), a Content-Length that is not digits, or is
there twice or beside Transfer-Encoding, any Transfer-Encoding but one `chunked` in HTTP/1.1, no Host or two or an odd
one, targets with fragments or user information, CONNECT, and versions other than HTTP/1.0 and 1.1.
"""

from __future__ import annotations

from typing import Final

from strangler_proxy.fields import CLOSES, CONNECTION, INVALID, KEEP, LEARN, PERSISTS, Meanings

__all__ = ["BadHead", "KnownLines", "length_of", "named_in", "tokens_of", "value_of", "without_named"]

# Translating by a table is several times as fast as deleting: what it changes is what must not be there.
_WITHOUT_CONTROLS: Final = bytes(33 if (code < 32 and code != 9) or code == 127 else code for code in range(256))
_MOST_DIGITS: Final = 18
_ORDINARY_CONNECTION: Final = frozenset({b"close", b"keep-alive", b"upgrade", b"te"})
# What frames the message, and what an edge in front of us says, no client can have taken out.
_NOT_TO_BE_NAMED: Final = frozenset(
    {
        b"content-length",
        b"forwarded",
        b"host",
        b"transfer-encoding",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
    }
)
_MOST_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 256


class BadHead(Exception):
    """A head that is refused. `status` is what a client is told; the message says why, for tests and logs."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class KnownLines:
    """Header lines that were looked at before, with what they mean: most are sent again and again, byte for byte.

    Only lines of names with few values are remembered, none that could hold a secret, and a bounded number: clients
    choose them.
    """

    __slots__ = ("_meanings", "_status", "known")

    def __init__(self, meanings: Meanings, status: int) -> None:
        self._meanings = meanings
        self._status = status
        self.known: dict[bytes, int] = {}

    def meaning(self, line: bytes) -> int:
        """What a line means that is not `known`. Raises BadHead for one that no head may hold."""
        colon = line.find(b":")
        if colon < 0:
            raise BadHead(self._status, "a header line without a colon")
        code = self._meanings[line[:colon]]
        if line.translate(_WITHOUT_CONTROLS) != line:
            raise BadHead(self._status, "a control character, or a CR or LF on its own, in the head")
        if code == KEEP:
            return code
        if code == INVALID:
            raise BadHead(self._status, "a header name that is not a token")
        if code < LEARN:
            return code
        code -= LEARN
        if code == CONNECTION:
            tokens = tokens_of(line[colon + 1 :])
            if tokens == [b"keep-alive"]:
                code = PERSISTS
            elif tokens == [b"close"]:
                code = CLOSES
        if len(line) <= _LONGEST_REMEMBERED and b"boundary" not in line:
            if len(self.known) >= _MOST_REMEMBERED:
                self.known.clear()
            self.known[line] = code
        return code


def value_of(line: bytes) -> bytes:
    """What a header line says behind its name."""
    return line[line.find(b":") + 1 :].strip(b" \t")


def length_of(value: bytes, before: int, unsaid: int, status: int) -> int:
    """The Content-Length that `value` says, where `before` is what was said already. Raises BadHead."""
    if before != unsaid:
        raise BadHead(status, "more than one of Content-Length and Transfer-Encoding")
    if not value.isdigit() or len(value) > _MOST_DIGITS:
        raise BadHead(status, "a Content-Length that is not a number")
    return int(value)


def tokens_of(value: bytes) -> list[bytes]:
    """The members of a list such as Connection's, in small letters."""
    return [token for token in [part.strip(b" \t") for part in value.lower().split(b",")] if token]


def named_in(connection: list[bytes]) -> set[bytes]:
    """The fields that these members of Connection say end with this connection."""
    return {token for token in connection if token not in _ORDINARY_CONNECTION} - _NOT_TO_BE_NAMED


def without_named(lines: list[bytes], named: set[bytes]) -> list[bytes]:
    """`lines` without the fields in `named`."""
    return [line for line in lines if line.partition(b":")[0].lower() not in named]
