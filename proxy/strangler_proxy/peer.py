"""Who is at the other end of a client's connection, and what is believed of what it tells of those behind it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from strangler_proxy.request_head import RequestHead, is_host

__all__ = ["Peer"]

_SCHEMES: Final = frozenset({b"http", b"https"})


class Peer:
    """The peer of one connection; `address` is as `getpeername` gives it, `secure` says that it came by TLS of our own.

    One inside `trusted` is an edge in front of us, and believed in what it says of its client; of any other everything
    of the kind is replaced by what we see. Settled once, and then told by `trusted`: a connection does not change its
    other end.
    """

    __slots__ = ("_address", "_host", "_lines", "_pseudonym", "_scheme", "trusted")

    def __init__(
        self,
        address: object,
        trusted: Sequence[IPv4Network | IPv6Network],
        pseudonym: bytes,
        *,
        secure: bool = False,
    ) -> None:
        # A listener for both families sees `::ffff:192.0.2.1` for what everybody else calls 192.0.2.1.
        name = str(address[0]).removeprefix("::ffff:") if isinstance(address, tuple) else "unknown"
        self._address = name.encode()
        self._pseudonym = pseudonym
        self._scheme = b"https" if secure else b"http"
        self.trusted: bool = bool(trusted) and _inside(name, trusted)
        self._host: bytes | None = None
        self._lines = b""

    def heed(self, head: RequestHead) -> None:
        """Note in `head` what is believed of its scheme, and forget what is not believed."""
        scheme = self._scheme
        if not self.trusted:
            head.forwarded = None
        elif head.forwarded is not None:
            scheme = _scheme(head.forwarded, scheme)
        head.secure = scheme == b"https"

    def lines(self, head: RequestHead) -> bytes:
        """The lines that tell an upstream of this client, its request's host, and of us. `head` was heeded before."""
        if head.forwarded is not None:
            return self._edges_lines(head.forwarded, head.host)
        host = head.host
        if host != self._host:
            self._host = host
            self._lines = _lines(self._address, self._scheme, host, self._pseudonym)
        return self._lines

    def _edges_lines(self, forwarded: list[bytes], host: bytes) -> bytes:
        before = [value for value in _values(forwarded, b"x-forwarded-for") if value]
        chain = b", ".join([*before, self._address])
        told = _values(forwarded, b"x-forwarded-host")
        if len(told) == 1 and told[0] and is_host(told[0]):
            host = told[0]
        lines = _lines(chain, _scheme(forwarded, self._scheme), host, self._pseudonym)
        for value in _values(forwarded, b"forwarded"):
            lines += b"Forwarded: %b\r\n" % value
        return lines


def _lines(client: bytes, scheme: bytes, host: bytes, pseudonym: bytes) -> bytes:
    return b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host: %b\r\nVia: 1.1 %b\r\n" % (
        client,
        scheme,
        host,
        pseudonym,
    )


def _inside(name: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _values(lines: list[bytes], name: bytes) -> list[bytes]:
    parts = (line.partition(b":") for line in lines)
    return [value.strip(b" \t") for each, _, value in parts if each.lower() == name]


def _scheme(forwarded: list[bytes], own: bytes) -> bytes:
    """The scheme if one is told, and only one; else the connection's `own`."""
    told = [value.lower() for value in _values(forwarded, b"x-forwarded-proto")]
    return told[0] if len(told) == 1 and told[0] in _SCHEMES else own
