"""PROXY headers as an edge writes them."""

from __future__ import annotations

import struct
from ipaddress import ip_address

__all__ = ["LOCAL", "SIGNATURE", "field", "header", "told"]

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def header(command: int, kind: int, behind: bytes) -> bytes:
    """A header of version 2."""
    return SIGNATURE + bytes([command, kind]) + struct.pack("!H", len(behind)) + behind


LOCAL = header(0x20, 0, b"")


def field(kind: int, value: bytes) -> bytes:
    """A field behind the addresses."""
    return struct.pack("!BH", kind, len(value)) + value


def told(host: str, port: int, *fields: bytes) -> bytes:
    """What tells that the client is at `host`, with `fields` behind it."""
    address = ip_address(host)
    kind = 0x11 if address.version == 4 else 0x21
    return header(0x21, kind, address.packed * 2 + struct.pack("!HH", port, 443) + b"".join(fields))
