"""The PROXY protocol, version 2: the header by which an edge says who is behind a connection. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

__all__ = ["LONGEST", "PREAMBLE", "BadProxyHeader", "Told", "length_behind", "parse_proxy_header"]

SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
# The bytes that say how long the rest is.
PREAMBLE: Final = 16
# A header with addresses and a certificate's name has a few hundred bytes; more is refused unread.
LONGEST: Final = 4096
_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_UNSPECIFIED, _IPV4, _IPV6, _UNIX = 0x00, 0x11, 0x21, 0x31
_ADDRESSES: Final = {_UNSPECIFIED: 0, _IPV4: 12, _IPV6: 36, _UNIX: 216}
_SSL: Final = 0x20
_SSL_LEAST: Final = 5
_OVER_TLS: Final = 0x01


class BadProxyHeader(Exception):
    """What came is no PROXY header of version 2, or none that we can believe."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an edge tells of a connection.

    `peer` is the client's address and port; None where it is the edge's own (LOCAL, as in its health checks), or it
    does not know. `secure` says that the client came to the edge by TLS.
    """

    peer: tuple[str, int] | None
    secure: bool = False


def length_behind(preamble: bytes) -> int:
    """How many bytes of the header follow its first 16, `preamble`. Raises BadProxyHeader.

    Fewer than 16 may be given to learn early that they cannot begin a header; the length then counts as 0.
    """
    if preamble[: len(SIGNATURE)] != SIGNATURE[: len(preamble)]:
        version1 = preamble.startswith(b"PROXY")
        raise BadProxyHeader("version 1 of the PROXY protocol" if version1 else "no PROXY header")
    if len(preamble) < PREAMBLE:
        return 0
    length = int.from_bytes(preamble[14:PREAMBLE], "big")
    if length > LONGEST - PREAMBLE:
        raise BadProxyHeader(f"a PROXY header of {length} bytes")
    return length


def parse_proxy_header(header: bytes) -> Told:
    """What a whole header says. Raises BadProxyHeader."""
    if len(header) < PREAMBLE or len(header) != PREAMBLE + length_behind(header[:PREAMBLE]):
        raise BadProxyHeader("a PROXY header of another length than it says")
    command, kind = header[12], header[13]
    if command not in (_LOCAL, _PROXY):
        raise BadProxyHeader(f"command {command:#04x}")
    if command == _LOCAL:
        # Whatever else it says is to be passed over.
        return Told(None)
    if kind not in _ADDRESSES:
        raise BadProxyHeader(f"addresses of kind {kind:#04x}")
    end = PREAMBLE + _ADDRESSES[kind]
    if len(header) < end:
        raise BadProxyHeader("addresses that are cut off")
    secure = _is_secure(header[end:])
    if kind == _IPV4:
        return Told((str(IPv4Address(header[16:20])), int.from_bytes(header[24:26], "big")), secure)
    if kind == _IPV6:
        return Told((str(IPv6Address(header[16:32])), int.from_bytes(header[48:50], "big")), secure)
    # A client on a Unix socket has no address that anybody could be told.
    return Told(("unknown", 0) if kind == _UNIX else None, secure)


def _is_secure(fields: bytes) -> bool:
    """Pass over the fields behind the addresses, which must add up; of them one tells of TLS."""
    secure = False
    place = 0
    while place < len(fields):
        if place + 3 > len(fields):
            raise BadProxyHeader("a field that is cut off")
        kind, length = struct.unpack_from("!BH", fields, place)
        place += 3
        if place + length > len(fields):
            raise BadProxyHeader("a field that is cut off")
        if kind == _SSL and length >= _SSL_LEAST:
            secure = bool(fields[place] & _OVER_TLS)
        place += length
    return secure
