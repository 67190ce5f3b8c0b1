"""Listening sockets that the supervisor opens and its children inherit."""

from __future__ import annotations

import errno
import socket
import time
from typing import Final

from strangler.errors import StranglerError
from strangler_proxy.config.values import Address

__all__ = ["address_of", "listen", "more", "renewed", "shares"]

_BACKLOG: Final = 1024
# A supervisor that was killed leaves children behind which need a moment to end.
_PATIENCE: Final = 2.0


def listen(address: Address, count: int, *, key: str) -> list[socket.socket]:
    """`count` sockets that listen on the same address and port, among which the system spreads connections.

    Port 0 lets the system choose, one port for all. Raises StranglerError, naming the `key` of strangler.toml that says
    so, when the address cannot be listened on.
    """
    first = _claim(address, key)
    sockets = [first]
    try:
        while len(sockets) < count:
            sockets.append(_bound(first.family, first.getsockname()))
        for each in sockets:
            each.listen(_BACKLOG)
    except OSError as error:
        for each in sockets:
            each.close()
        raise _refused(address, key, error) from error
    return sockets


def address_of(listening: socket.socket) -> Address:
    """Where a socket really listens."""
    host, port = listening.getsockname()[:2]
    return Address(host, port)


def more(first: socket.socket, count: int) -> list[socket.socket]:
    """`count` further sockets at the address of `first`, which take no connection until somebody listens on them.

    Raises OSError.
    """
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            sockets.append(_bound(first.family, first.getsockname()))
    except OSError:
        for each in sockets:
            each.close()
        raise
    return sockets


def shares(sockets: int, workers: int, slot: int) -> list[int]:
    """Which of so many `sockets` the worker in `slot` serves, by number.

    A socket is never closed while the proxy serves, for that would reset who waits in it; so there may be more of them
    than workers. Each has its equal part, and what is left over is served by all.
    """
    even = sockets - sockets % workers
    return [number for number in range(sockets) if number >= even or number % workers == slot]


def renewed(listening: socket.socket) -> socket.socket:
    """A socket in place of `listening`, which is closed; it takes no connection until somebody listens on it.

    Until then the system gives the connections to the other sockets on that port.
    """
    new = _bound(listening.family, listening.getsockname())
    listening.close()
    return new


def _claim(address: Address, key: str) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except OSError as error:
        raise _refused(address, key, error) from error
    # IPv4 first: who writes `localhost` is most often called as 127.0.0.1.
    family, _, _, _, place = min(found, key=lambda each: each[0] != socket.AF_INET)
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            # SO_REUSEPORT would let us share a port with another proxy of this user without a word: so ask without.
            if address.port:
                with socket.socket(family, socket.SOCK_STREAM) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(place)
            return _bound(family, place)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise _refused(address, key, error) from error
            time.sleep(0.05)


def _bound(family: int, place: object) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind(place)  # type: ignore[arg-type]  # as getaddrinfo gave it
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def _refused(address: Address, key: str, error: OSError) -> StranglerError:
    if error.errno == errno.EADDRINUSE:
        return StranglerError(
            f"{address} is in use by another process. Stop that one, or set another address as {key} in strangler.toml."
        )
    return StranglerError(
        f"{address} cannot be listened on: {error.strerror or error}. Set another address as {key} in strangler.toml."
    )
