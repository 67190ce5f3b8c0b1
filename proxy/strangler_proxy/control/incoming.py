"""What a request says of where it comes from, and its body: read alike for programs and for pages."""

from __future__ import annotations

import asyncio
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

__all__ = ["BODY_LIMIT", "LOOPBACK_NAMES", "NotTaken", "address_of", "host_of", "netloc_of", "whole_body"]

BODY_LIMIT: Final = 64 * 1024
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_BODY_SECONDS: Final = 10.0


class NotTaken(Exception):
    """A body that is not taken, with the `status` of the answer and a `code` for programs. It becomes an answer at the
    door."""

    def __init__(self, status: int, code: str, wrong: str) -> None:
        self.status = status
        self.code = code
        self.wrong = wrong
        super().__init__(wrong)


async def whole_body(receive: Receive, headers: Headers) -> bytes:
    """The whole body. Raises NotTaken for one that is too large or too slow."""
    too_large = NotTaken(413, "too_large", f"A request body may have {BODY_LIMIT} bytes.")
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > BODY_LIMIT:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return bytes(body)
                body += message.get("body", b"")
                if len(body) > BODY_LIMIT:
                    raise too_large
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise NotTaken(408, "too_slow", f"A request body has {_BODY_SECONDS:g} seconds to come.") from None


def address_of(scope: Scope) -> str:
    """Whom a call is from; of IPv6 a whole /64, which everybody has to themselves."""
    client = scope.get("client")
    if not client:
        return "unknown"
    host = str(client[0]).removeprefix("::ffff:")
    if ":" not in host:
        return host
    try:
        return str(IPv6Address((int(IPv6Address(host.partition("%")[0])) >> 64) << 64)) + "/64"
    except ValueError:
        return host


def host_of(header: str) -> str:
    """The name in a Host header, without the port."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def netloc_of(origin: str) -> str | None:
    """Name and port of an Origin header; None where it has none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
