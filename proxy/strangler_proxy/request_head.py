"""The head of a request, parsed once and strictly, with its lines sorted into those that are passed on."""

from __future__ import annotations

import re
from typing import Final

from strangler_proxy.fields import (
    CLOSES,
    CONDITION,
    CONNECTION,
    CONTENT_LENGTH,
    COOKIE,
    DROP,
    EXPECT,
    FORWARDED,
    HOST,
    KEEP,
    MAX_FORWARDS,
    OVERRIDE,
    PERSISTS,
    REQUEST_ID,
    TE,
    TESTER,
    TRACE_PARENT,
    TRACE_STATE,
    TRANSFER_ENCODING,
    UNKNOWN,
    UPGRADE,
    VIA,
    Meanings,
    is_token,
)
from strangler_proxy.head import BadHead, KnownLines, length_of, named_in, tokens_of, value_of, without_named

__all__ = ["RequestHead", "is_host", "parse_request"]

# A fragment, or white space of any kind, is as wrong in a target as a control character.
_AS_IN_TARGETS: Final = bytes(33 if code < 33 or code in (127, 35) else code for code in range(256))
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9\-._~%!$&'()*+,;=]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE)
_VERSION: Final = re.compile(rb"HTTP/[0-9]\.[0-9]")
_REQUEST_ID: Final = re.compile(rb"[\x21-\x7e]{1,200}")
_METHODS: Final = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
# A tunnel to anywhere, and an echo that would show the client what the proxy tells an upstream of it.
_REFUSED: Final = frozenset({b"CONNECT", b"TRACE"})
_HTTP_AGAIN: Final = (b"h2", b"http/", b"tls/")
_MOST_DIGITS: Final = 10
# As a number: looking for a byte by its bytes object raises an exception inside, and costs as much.
_QUESTION_MARK: Final = ord("?")
_UNSAID: Final = -3
# What our own cookies begin with, and one of them: as in strangler_proxy.subject and .tester.
_OURS: Final = b"strangler_"
_TESTER_COOKIE: Final = b"strangler_tester="

_MOST_HOSTS: Final = 1024
_LONGEST_HOST: Final = 255

_lines: Final = KnownLines(Meanings(requests=True), 400)
# Host lines that were found right, with the host. Clients choose them, so their number is bounded.
_hosts: Final[dict[bytes, bytes]] = {}


class RequestHead:
    """A request's head.

    `target` is in origin form (or `*`), `path` its part before the first `?` and `query` the rest. `lines` are the
    header lines to pass on, `cookies`, `traces` and `conditions` the places in it of Cookie, of traceparent and
    tracestate, and of Range, If-None-Match and their kind; `came` are all header lines as they came.
    `length` is the body's length: 0 for none, -1 for chunked. `upgrade` names the protocols asked for, `request_id` is
    what the client sent if it can be passed on. `forwarded` are the lines in which an edge in front would tell of its
    client, None where there are none: whether to believe them is not known here. `secure` says that the client came by
    https, `last_hop` that the request may be forwarded no more. `tester` is the word of a tester, of its header or
    else of its cookie, empty for none: it is in none of the lines to pass on. `ours` says that a cookie of ours may
    have come.
    """

    __slots__ = (
        "came",
        "conditions",
        "cookies",
        "expects_continue",
        "forwarded",
        "has_host",
        "host",
        "keep_alive",
        "last_hop",
        "length",
        "lines",
        "method",
        "minor",
        "ours",
        "overridden",
        "path",
        "query",
        "request_id",
        "secure",
        "takes_trailers",
        "target",
        "tester",
        "traces",
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
        self.came: list[bytes] = []
        self.lines: list[bytes] = []
        self.cookies: list[int] | None = None
        self.traces: list[int] | None = None
        self.conditions: list[int] | None = None
        self.length = 0
        self.last_hop = False
        self.keep_alive = minor == 1
        self.upgrade = b""
        self.overridden = False
        self.expects_continue = False
        self.takes_trailers = False
        self.request_id = b""
        self.via: list[bytes] | None = None
        self.forwarded: list[bytes] | None = None
        self.secure = False
        self.ours = False
        self.tester = b""

    def fields(self) -> list[tuple[bytes, bytes]]:
        """All header fields as (name, value) pairs, in order, as they came."""
        split = [line.partition(b":") for line in self.came]
        return [(name, rest.strip(b" \t")) for name, _, rest in split]


def parse_request(head: bytes, most_headers: int) -> RequestHead:
    """The head whose bytes, without the blank line that ends it, are `head`. Raises BadHead."""
    lines = head.split(b"\r\n")
    if len(lines) > most_headers + 1:
        raise BadHead(431, "too many header fields")
    first = lines[0]
    del lines[0]
    request = _request_line(first)
    request.came = lines
    named = _sort(request, lines)
    if named:
        request = _request_line(first)
        request.came = lines
        _sort(request, without_named(lines, named))
    if not request.has_host and request.minor == 1:
        raise BadHead(400, "no Host")
    return request


def _sort(request: RequestHead, lines: list[bytes]) -> set[bytes] | None:
    """Sort `lines` into `request`; returns the fields that are for this connection only and were not taken for it."""
    known = _lines.known
    kept = request.lines
    length = _UNSAID
    closes = persists = te = False
    upgrade = b""
    named: list[bytes] | None = None
    for line in lines:
        meaning = known.get(line, UNKNOWN)
        if meaning == UNKNOWN:
            meaning = _lines.meaning(line)
        if meaning == KEEP:
            kept.append(line)
        elif meaning == HOST:
            _host(request, line)
        elif meaning == COOKIE:
            if _OURS in line:
                request.ours = True
                if _TESTER_COOKIE in line:
                    line = _without_tester(request, line)
                    if not line:
                        continue
            if request.cookies is None:
                request.cookies = []
            request.cookies.append(len(kept))
            kept.append(line)
        elif meaning == PERSISTS:
            persists = True
        elif meaning == CLOSES:
            closes = True
        elif meaning == DROP:
            pass
        elif meaning == CONTENT_LENGTH:
            value = value_of(line)
            length = length_of(value, length, _UNSAID, 400)
            # Some read leading zeros as octal.
            kept.append(b"Content-Length: %d" % length if value.startswith(b"0") else line)
        elif meaning == CONNECTION:
            tokens = tokens_of(value_of(line))
            closes = closes or b"close" in tokens
            persists = persists or b"keep-alive" in tokens
            named = tokens if named is None else named + tokens
        elif meaning == TRANSFER_ENCODING:
            if length != _UNSAID or value_of(line).lower() != b"chunked" or request.minor == 0:
                raise BadHead(400, "a Transfer-Encoding other than one `chunked` alone in HTTP/1.1")
            length = -1
            kept.append(b"Transfer-Encoding: chunked")
        elif meaning == CONDITION:
            if request.conditions is None:
                request.conditions = []
            request.conditions.append(len(kept))
            kept.append(line)
        elif meaning == OVERRIDE:
            request.overridden = True
            kept.append(line)
        elif meaning == REQUEST_ID:
            value = value_of(line)
            if not request.request_id and _REQUEST_ID.fullmatch(value):
                request.request_id = value
                kept.append(line)
        elif meaning == FORWARDED:
            if request.forwarded is None:
                request.forwarded = []
            request.forwarded.append(line)
        elif meaning in (TRACE_PARENT, TRACE_STATE):
            if request.traces is None:
                request.traces = []
            request.traces.append(len(kept))
            kept.append(line)
        elif meaning == UPGRADE:
            upgrade = upgrade + b", " + value_of(line) if upgrade else value_of(line)
        elif meaning == EXPECT:
            request.expects_continue = value_of(line).lower() == b"100-continue" and request.minor == 1
            kept.append(line)
        elif meaning == VIA:
            if request.via is None:
                request.via = []
            request.via.append(value_of(line))
            kept.append(line)
        elif meaning == MAX_FORWARDS:
            value = value_of(line)
            if request.method == b"OPTIONS" and value.isdigit() and len(value) < _MOST_DIGITS:
                # RFC 9110 section 7.6.2: it counts the proxies that are still allowed.
                request.last_hop = int(value) == 0
                kept.append(b"Max-Forwards: %d" % max(int(value) - 1, 0))
            else:
                kept.append(line)
        elif meaning == TESTER:
            request.tester = value_of(line)
        elif meaning == TE:
            te = te or b"trailers" in tokens_of(value_of(line))
    request.length = 0 if length == _UNSAID else length
    if closes:
        request.keep_alive = False
    elif persists:
        request.keep_alive = True
    if named is None:
        return None
    request.takes_trailers = te and b"te" in named
    if b"upgrade" in named and request.minor == 1 and request.length == 0:
        # More HTTP inside the tunnel would be a way around every route and every check made here.
        protocols = [each.strip(b" \t") for each in upgrade.split(b",")]
        request.upgrade = b", ".join([each for each in protocols if each and not each.lower().startswith(_HTTP_AGAIN)])
    return named_in(named)


def _without_tester(request: RequestHead, line: bytes) -> bytes:
    """A Cookie line without the word of a tester, which goes into `request`; empty where nothing else was in it."""
    colon = line.find(b":")
    rest = []
    for crumb in line[colon + 1 :].split(b";"):
        name, _, value = crumb.strip(b" \t").partition(b"=")
        if name.strip(b" \t") + b"=" != _TESTER_COOKIE:
            rest.append(crumb)
        elif not request.tester:
            request.tester = value.strip(b' \t"')
    return line[: colon + 1] + b";".join(rest) if any(map(bytes.strip, rest)) else b""


def _host(request: RequestHead, line: bytes) -> None:
    if request.has_host:
        raise BadHead(400, "more than one Host")
    request.has_host = True
    host = _hosts.get(line)
    if host is None:
        host = _checked_host(line)
    if request.host:
        # The target was in absolute form: its authority counts, whatever Host says.
        request.lines.append(b"Host: " + request.host)
    else:
        request.host = host
        request.lines.append(line)


def _checked_host(line: bytes) -> bytes:
    host = value_of(line)
    _check_host(host)
    if len(line) <= _LONGEST_HOST:
        if len(_hosts) >= _MOST_HOSTS:
            _hosts.clear()
        _hosts[line] = host
    return host


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
    if method not in _METHODS:
        if not is_token(method):
            raise BadHead(400, "a method that is not a token")
        if method.upper() in _METHODS:
            # Django takes it for the method in capitals, and no route would.
            raise BadHead(400, "a method in small letters")
        if method.upper() in _REFUSED:
            raise BadHead(405, "CONNECT or TRACE")
    if target.translate(_AS_IN_TARGETS) != target:
        raise BadHead(400, "a control character, a fragment or white space in the target")
    if target.startswith(b"/"):
        request = RequestHead(method, target, minor)
        _divide(request)
        return request
    if target == b"*" and method == b"OPTIONS":
        return RequestHead(method, target, minor)
    return _absolute_form(method, target, minor)


def _divide(request: RequestHead) -> None:
    target = request.target
    if _QUESTION_MARK in target:
        request.path, _, request.query = target.partition(b"?")


def _absolute_form(method: bytes, target: bytes, minor: int) -> RequestHead:
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        raise BadHead(400, "a target in a form that the method does not take")
    authority: bytes = found[1]
    rest: bytes = found[2]
    if b"@" in authority or authority.startswith(b":"):
        raise BadHead(400, "user information in the target, or no host")
    _check_host(authority)
    if not rest and method == b"OPTIONS":
        rest = b"*"
    elif not rest.startswith(b"/"):
        rest = b"/" + rest
    request = RequestHead(method, rest, minor)
    _divide(request)
    request.host = authority
    return request


def is_host(text: bytes) -> bool:
    """Whether `text` can be the value of Host."""
    return _HOST.fullmatch(text) is not None


def _check_host(host: bytes) -> None:
    if not is_host(host):
        raise BadHead(400, "a Host that names no host")
