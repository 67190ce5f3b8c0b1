"""The head of a request or response, parsed once and strictly, with its lines sorted into those that are passed on.

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

import re
from collections.abc import Iterator, Sequence
from typing import Final, overload

from strangler_proxy.fields import (
    CONNECTION,
    CONTENT_LENGTH,
    COOKIE,
    DROP,
    EXPECT,
    FORWARDED,
    HOST,
    INVALID,
    REQUEST_ID,
    SET_COOKIE,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    VIA,
    Meanings,
    is_token,
)

__all__ = ["BadHead", "Fields", "RequestHead", "ResponseHead", "is_host", "parse_request", "parse_response"]

_CONTROLS: Final = bytes(code for code in range(32) if code != 9) + b"\x7f"
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9\-._~%!$&'()*+,;=]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE)
_VERSION: Final = re.compile(rb"HTTP/[0-9]\.[0-9]")
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: .*)?", re.DOTALL)
_REQUEST_ID: Final = re.compile(rb"[\x21-\x7e]{1,200}")
_ORDINARY_CONNECTION: Final = frozenset({b"close", b"keep-alive", b"upgrade", b"te"})
_NOT_TO_BE_NAMED: Final = frozenset({b"host", b"content-length", b"transfer-encoding"})
_MOST_DIGITS: Final = 18

_of_request: Final = Meanings(requests=True)
_of_response: Final = Meanings(requests=False)
_hosts: Final[set[bytes]] = set()
_MOST_HOSTS: Final = 1024
_LONGEST_HOST: Final = 255


class BadHead(Exception):
    """A head that is refused. `status` is what a client is told; the message says why, for tests and logs."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Fields(Sequence[tuple[bytes, bytes]]):
    """The header fields as (name, value) pairs, in order, as they came; split when somebody first looks at them."""

    __slots__ = ("_lines", "_pairs")

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines
        self._pairs: list[tuple[bytes, bytes]] | None = None

    def _split(self) -> list[tuple[bytes, bytes]]:
        pairs = self._pairs
        if pairs is None:
            split = (line.partition(b":") for line in self._lines)
            pairs = self._pairs = [(name, rest.strip(b" \t")) for name, _, rest in split]
        return pairs

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._split())

    @overload
    def __getitem__(self, index: int) -> tuple[bytes, bytes]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[bytes, bytes]]: ...
    def __getitem__(self, index: int | slice) -> tuple[bytes, bytes] | Sequence[tuple[bytes, bytes]]:
        return self._split()[index]


class RequestHead:
    """A request's head.

    `target` is in origin form (or `*`), `path` its part before the first `?`
    and `query` the rest. `lines` are the header lines to pass on.
    `length` is the body's length: 0 for none, -1 for chunked. `upgrade` names the protocols asked for, `request_id` is
    what the client sent if it can be passed on. `forwarded` are the lines in which an edge in front would tell of its
    client, None where there are none: whether to believe them is not known here. `secure` says that the client came by
    https.
    """

    __slots__ = (
        "cookies",
        "expects_continue",
        "fields",
        "forwarded",
        "has_host",
        "host",
        "keep_alive",
        "length",
        "lines",
        "method",
        "minor",
        "path",
        "query",
        "request_id",
        "secure",
        "takes_trailers",
        "target",
        "upgrade",
        "via",
    )

    def __init__(self, method: bytes, target: bytes, minor: int) -> None:
        self.method = method
        self.target = target
        self.path = target
        self.query = b""
        self.minor = minor
        self.host = b""
        self.has_host = False
        self.lines: list[bytes] = []
        self.fields = Fields([])
        self.cookies: list[int] | None = None
        self.length = 0
        self.keep_alive = minor == 1
        self.upgrade = b""
        self.expects_continue = False
        self.takes_trailers = False
        self.request_id = b""
        self.via: list[bytes] | None = None
        self.forwarded: list[bytes] | None = None
        self.secure = False


class ResponseHead:
    """A response's head.

    `line` is the status line, as of HTTP/1.1. `lines` are the header lines to pass on, Transfer-Encoding apart.
    `length` is -1 for chunked, -2 where none is said.
    """

    __slots__ = ("keep_alive", "length", "length_line", "line", "lines", "minor", "set_cookies", "status", "upgrade")

    def __init__(self, status: int, line: bytes, minor: int) -> None:
        self.status = status
        self.line = line
        self.minor = minor
        self.lines: list[bytes] = []
        self.length = -2
        self.length_line = b""
        self.keep_alive = minor == 1
        self.set_cookies: list[int] | None = None
        self.upgrade = b""


def _split(head: bytes, status: int) -> list[bytes]:
    """The lines of a head. Raises BadHead for control characters and for a CR or LF on its own."""
    lines = head.split(b"\r\n")
    if len(head) - len(head.translate(None, _CONTROLS)) != 2 * (len(lines) - 1):
        raise BadHead(status, "a control character, or a CR or LF on its own, in the head")
    return lines


def _length(value: bytes, before: int, unsaid: int, status: int) -> int:
    if before != unsaid:
        raise BadHead(status, "more than one of Content-Length and Transfer-Encoding")
    if not value.isdigit() or len(value) > _MOST_DIGITS:
        raise BadHead(status, "a Content-Length that is not a number")
    return int(value)


def _tokens(value: bytes) -> list[bytes]:
    return [token for token in (part.strip(b" \t") for part in value.lower().split(b",")) if token]


def parse_request(head: bytes, most_headers: int) -> RequestHead:
    """The head whose bytes, without the blank line that ends it, are `head`. Raises BadHead."""
    lines = _split(head, 400)
    request = _request_line(lines[0])
    if len(lines) > most_headers + 1:
        raise BadHead(431, "too many header fields")
    del lines[0]
    request.fields = Fields(lines)
    kept: list[bytes] = []
    keep = kept.append
    meanings = _of_request
    length = -3
    named: list[bytes] | None = None
    upgrade = b""
    te = False
    for line in lines:
        name, colon, rest = line.partition(b":")
        if not colon:
            raise BadHead(400, "a header line without a colon")
        meaning = meanings[name]
        if not meaning:
            keep(line)
        elif meaning == HOST:
            if request.has_host:
                raise BadHead(400, "more than one Host")
            request.has_host = True
            host = rest.strip(b" \t")
            if host not in _hosts:
                _check_host(host)
            if request.host:
                # The target was in absolute form: its authority counts, whatever Host says.
                keep(b"Host: " + request.host)
            else:
                request.host = host
                keep(line)
        elif meaning == COOKIE:
            if request.cookies is None:
                request.cookies = []
            request.cookies.append(len(kept))
            keep(line)
        elif meaning == CONNECTION:
            tokens = _tokens(rest)
            named = tokens if named is None else named + tokens
        elif meaning == DROP:
            pass
        elif meaning == CONTENT_LENGTH:
            length = _length(rest.strip(b" \t"), length, -3, 400)
            keep(line)
        elif meaning == TRANSFER_ENCODING:
            if length != -3 or rest.strip(b" \t").lower() != b"chunked" or request.minor == 0:
                raise BadHead(400, "a Transfer-Encoding other than one `chunked` alone in HTTP/1.1")
            length = -1
            keep(b"Transfer-Encoding: chunked")
        elif meaning == REQUEST_ID:
            value = rest.strip(b" \t")
            if not request.request_id and _REQUEST_ID.fullmatch(value):
                request.request_id = value
                keep(line)
        elif meaning == UPGRADE:
            value = rest.strip(b" \t")
            upgrade = upgrade + b", " + value if upgrade else value
        elif meaning == EXPECT:
            request.expects_continue = rest.strip(b" \t").lower() == b"100-continue" and request.minor == 1
            keep(line)
        elif meaning == VIA:
            if request.via is None:
                request.via = []
            request.via.append(rest)
            keep(line)
        elif meaning == FORWARDED:
            if request.forwarded is None:
                request.forwarded = []
            request.forwarded.append(line)
        elif meaning == TE:
            te = te or b"trailers" in _tokens(rest)
        else:
            raise BadHead(400, "a header name that is not a token")
    if not request.has_host and request.minor == 1:
        raise BadHead(400, "no Host")
    request.length = 0 if length == -3 else length
    request.lines = kept
    if named is not None:
        _connection(request, named, upgrade, te)
    return request


def _request_line(line: bytes) -> RequestHead:
    parts = line.split(b" ")
    if len(parts) != 3:
        raise BadHead(400, "a request line that is not three words")
    method, target, version = parts
    if version == b"HTTP/1.1":
        minor = 1
    elif version == b"HTTP/1.0":
        minor = 0
    elif _VERSION.fullmatch(version):
        raise BadHead(505, "a version other than HTTP/1.1 and HTTP/1.0")
    else:
        raise BadHead(400, "no version of HTTP")
    if not is_token(method):
        raise BadHead(400, "a method that is not a token")
    if method == b"CONNECT":
        raise BadHead(405, "CONNECT")
    if b"#" in target or b"\t" in target:
        raise BadHead(400, "a fragment or white space in the target")
    if target.startswith(b"/"):
        request = RequestHead(method, target, minor)
        request.path, _, request.query = target.partition(b"?")
        return request
    if target == b"*" and method == b"OPTIONS":
        return RequestHead(method, target, minor)
    return _absolute_form(method, target, minor)


def _absolute_form(method: bytes, target: bytes, minor: int) -> RequestHead:
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        raise BadHead(400, "a target in a form that the method does not take")
    authority, rest = found.groups()
    if b"@" in authority or authority.startswith(b":"):
        raise BadHead(400, "user information in the target, or no host")
    _check_host(authority)
    if not rest and method == b"OPTIONS":
        rest = b"*"
    elif not rest.startswith(b"/"):
        rest = b"/" + rest
    request = RequestHead(method, rest, minor)
    request.path, _, request.query = rest.partition(b"?")
    request.host = authority
    return request


def is_host(text: bytes) -> bool:
    """Whether `text` can be the value of Host."""
    return _HOST.fullmatch(text) is not None


def _check_host(host: bytes) -> None:
    if not is_host(host):
        raise BadHead(400, "a Host that names no host")
    if len(host) <= _LONGEST_HOST:
        if len(_hosts) >= _MOST_HOSTS:
            _hosts.clear()
        _hosts.add(host)


def _connection(request: RequestHead, named: list[bytes], upgrade: bytes, te: bool) -> None:
    """Obey the Connection field: what it says of this connection, and the fields that end with it."""
    if b"close" in named:
        request.keep_alive = False
    elif b"keep-alive" in named:
        request.keep_alive = True
    others = {token for token in named if token not in _ORDINARY_CONNECTION} - _NOT_TO_BE_NAMED
    if others:
        # Positions move when lines go, so the cookies are found anew.
        request.lines = [line for line in request.lines if line.partition(b":")[0].lower() not in others]
        if request.cookies is not None:
            request.cookies = [
                index for index, line in enumerate(request.lines) if line.partition(b":")[0].lower() == b"cookie"
            ]
        if b"x-request-id" in others:
            request.request_id = b""
    request.takes_trailers = te and b"te" in named
    if b"upgrade" in named and request.minor == 1 and request.length == 0:
        # HTTP/2 starts anew in the next connection's terms and would be a way around every check made here.
        protocols = [each.strip(b" \t") for each in upgrade.split(b",")]
        request.upgrade = b", ".join(each for each in protocols if each and not each.lower().startswith(b"h2"))


def parse_response(head: bytes) -> ResponseHead:
    """The head whose bytes, without the blank line that ends it, are `head`. Raises BadHead with 502."""
    lines = _split(head, 502)
    found = _STATUS.fullmatch(lines[0])
    if found is None:
        raise BadHead(502, "no status line")
    minor, status = found.groups()
    if minor == b"1":
        response = ResponseHead(int(status), lines[0], 1)
    else:
        response = ResponseHead(int(status), b"HTTP/1.1" + lines[0][8:], 0)
    del lines[0]
    kept = response.lines
    keep = kept.append
    meanings = _of_response
    length = -2
    named: list[bytes] | None = None
    for line in lines:
        name, colon, rest = line.partition(b":")
        if not colon:
            raise BadHead(502, "a header line without a colon")
        meaning = meanings[name]
        if not meaning:
            keep(line)
        elif meaning == CONTENT_LENGTH:
            length = _length(rest.strip(b" \t"), length, -2, 502)
            response.length_line = line
            keep(line)
        elif meaning == SET_COOKIE:
            if response.set_cookies is None:
                response.set_cookies = []
            response.set_cookies.append(len(kept))
            keep(line)
        elif meaning == CONNECTION:
            tokens = _tokens(rest)
            named = tokens if named is None else named + tokens
        elif meaning == TRANSFER_ENCODING:
            if length != -2 or rest.strip(b" \t").lower() != b"chunked" or response.minor == 0:
                raise BadHead(502, "a Transfer-Encoding other than one `chunked` alone in HTTP/1.1")
            length = -1
        elif meaning == UPGRADE:
            response.upgrade = rest.strip(b" \t")
        elif meaning == INVALID:
            raise BadHead(502, "a header name that is not a token")
    response.length = length
    if named is not None:
        _response_connection(response, named)
    return response


def _response_connection(response: ResponseHead, named: list[bytes]) -> None:
    if b"close" in named:
        response.keep_alive = False
    elif b"keep-alive" in named:
        response.keep_alive = True
    others = {token for token in named if token not in _ORDINARY_CONNECTION} - _NOT_TO_BE_NAMED
    if others:
        response.lines = [line for line in response.lines if line.partition(b":")[0].lower() not in others]
        if response.set_cookies is not None:
            response.set_cookies = [
                index for index, line in enumerate(response.lines) if line.partition(b":")[0].lower() == b"set-cookie"
            ]
