"""Readers of HTTP/1.1 that are not the proxy's own: h11, and careless ones such as stand behind many proxies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import h11

__all__ = ["CARELESS", "Careless", "Request", "Response", "careless_requests", "h11_requests", "h11_response"]

_ABSOLUTE: Final = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)
_HIGH: Final = bytes.maketrans(bytes(range(0x80, 0x100)), b"~" * 0x80)


@dataclass(frozen=True, slots=True)
class Request:
    """What a reader took for one whole request; the target in origin form."""

    method: bytes
    target: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """What a reader took for a response. `whole` says that it ended as its framing said.

    `fields` has a line for each field, trailers and those of interim responses among them.
    """

    status: int
    body: bytes
    whole: bool
    fields: bytes


def _origin_form(method: bytes, target: bytes) -> bytes:
    found = _ABSOLUTE.match(target)
    if found is None:
        return target
    rest = target[found.end() :]
    if not rest and method == b"OPTIONS":
        return b"*"
    return rest if rest.startswith(b"/") else b"/" + rest


def _first_line_readable(raw: bytes) -> bytes:
    """`raw` as h11 can read it: it takes no bytes over 0x7f in a target, which a proxy has to pass on as they are."""
    line, end, rest = raw.partition(b"\n")
    return line.translate(_HIGH) + end + rest


def h11_requests(raw: bytes) -> tuple[list[Request], str]:
    """The whole requests in `raw` by h11, and what stopped it: empty, or `more`, `close` or `error: ...`."""
    found: list[Request] = []
    while True:
        while raw.startswith(b"\r\n"):
            raw = raw[2:]
        if not raw:
            return found, ""
        # A reader a request: h11 itself stops at upgrades and at HTTP/1.0, kept alive or not.
        reader = h11.Connection(h11.SERVER)
        reader.receive_data(_first_line_readable(raw))
        head: h11.Request | None = None
        body = b""
        try:
            while True:
                event = reader.next_event()
                if event is h11.NEED_DATA:
                    return found, "more"
                if isinstance(event, h11.Request):
                    head = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    break
        except h11.RemoteProtocolError as error:
            return found, f"error: {error}"
        assert head is not None
        left = len(reader.trailing_data[0])
        method = bytes(head.method)
        target = _origin_form(method, raw.lstrip(b"\r\n").split(b" ", 2)[1])
        found.append(Request(method, target, body))
        raw = raw[len(raw) - left :] if left else b""
        named = b",".join(value.lower() for name, value in head.headers if name == b"connection")
        tokens = {token.strip() for token in named.split(b",")}
        if b"close" in tokens or (head.http_version == b"1.0" and b"keep-alive" not in tokens):
            return found, "close"


def h11_response(raw: bytes, method: bytes) -> Response | None:
    """The final response to a request of `method` when `raw` is all that came before the end; None for garbage."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(raw)
    status, body, fields = 0, b"", b""
    ended = False
    try:
        while True:
            event = reader.next_event()
            if isinstance(event, h11.InformationalResponse | h11.Response | h11.EndOfMessage):
                fields += b"".join(b"%b: %b\r\n" % field for field in event.headers)
            if event is h11.NEED_DATA:
                if ended:
                    return None
                ended = True
                reader.receive_data(b"")
            elif isinstance(event, h11.InformationalResponse):
                if event.status_code == 101:
                    return None
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return Response(status, body, whole=True, fields=fields)
            else:
                return None
    except h11.RemoteProtocolError:
        return Response(status, body, whole=False, fields=fields) if status else None


@dataclass(frozen=True, slots=True)
class Careless:
    """How a careless reader gets wrong what can be got wrong."""

    last_length: bool = False
    length_first: bool = False
    any_coding: bool = False
    bare_lf: bool = False
    bare_cr: bool = False
    trims_names: bool = False
    underscores: bool = False


CARELESS: Final = (
    Careless(),
    Careless(last_length=True, bare_lf=True),
    Careless(length_first=True, bare_lf=True, trims_names=True),
    Careless(any_coding=True, bare_lf=True, bare_cr=True, trims_names=True),
    Careless(any_coding=True, last_length=True, underscores=True),
)


def careless_requests(raw: bytes, how: Careless) -> list[Request]:
    """The whole requests in `raw` by a reader that refuses nothing and takes the longest valid beginning of numbers."""
    found: list[Request] = []
    while raw:
        end, mark = _head_end(raw, how)
        if end < 0:
            break
        lines = _lines(raw[:end], how)
        raw = raw[end + mark :]
        if not lines or not lines[0]:
            continue
        words = lines[0].split()
        length, chunked = _framing(lines[1:], how)
        if chunked and not (how.length_first and length is not None):
            body, raw = _unchunk(raw, how)
        else:
            body, raw = raw[: length or 0], raw[length or 0 :]
            if len(body) < (length or 0):
                break
        if body is None:
            break
        found.append(Request(words[0], _origin_form(words[0], words[1] if len(words) > 1 else b""), body))
    return found


def _head_end(raw: bytes, how: Careless) -> tuple[int, int]:
    ends = [(raw.find(b"\r\n\r\n"), 4)]
    if how.bare_lf:
        ends += [(raw.find(b"\n\n"), 2), (raw.find(b"\n\r\n"), 3)]
    if how.bare_cr:
        ends.append((raw.find(b"\r\r"), 2))
    return min((each for each in ends if each[0] >= 0), default=(-1, 0))


def _lines(head: bytes, how: Careless) -> list[bytes]:
    if how.bare_cr:
        return re.split(rb"\r\n|\n|\r", head)
    return re.split(rb"\r?\n", head) if how.bare_lf else head.split(b"\r\n")


def _framing(lines: list[bytes], how: Careless) -> tuple[int | None, bool]:
    length: int | None = None
    chunked = False
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        if how.trims_names:
            name = name.strip(b" \t\x0b\x0c\x00\x85\xa0")
        if how.underscores:
            name = name.replace(b"_", b"-")
        if name == b"content-length" and (length is None or how.last_length):
            digits = re.match(rb"\s*\+?([0-9]*)", value)
            length = int((digits[1] if digits else b"") or b"0")
        elif name == b"transfer-encoding":
            chunked = b"chunked" in value.lower() if how.any_coding else value.strip().lower() == b"chunked"
    return length, chunked


def _unchunk(raw: bytes, how: Careless) -> tuple[bytes | None, bytes]:
    body = b""
    end_of_line = re.compile(rb"\r?\n" if how.bare_lf else rb"\r\n")
    while True:
        end = end_of_line.search(raw)
        if end is None:
            return None, raw
        digits = re.match(rb"\s*(?:0x)?([0-9A-Fa-f]*)", raw[: end.start()])
        size = int((digits[1] if digits else b"") or b"0", 16)
        raw = raw[end.end() :]
        if not size:
            break
        body += raw[:size]
        if len(raw) < size:
            return None, raw
        raw = raw[size:]
        end = end_of_line.match(raw)
        if end is not None:
            raw = raw[end.end() :]
    while (end := end_of_line.search(raw)) is not None:
        line, raw = raw[: end.start()], raw[end.end() :]
        if not line:
            return body, raw
    return None, raw
