"""How many client connections a worker has, and who goes when there are too many."""

from __future__ import annotations

import heapq
import logging
import resource
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from strangler_proxy.config.values import Limits

if TYPE_CHECKING:
    from strangler_proxy.downstream import ClientConnection

__all__ = [
    "CLOSED_FOR_ROOM",
    "FULL",
    "NO_DESCRIPTORS",
    "PEER",
    "PROXY_BAD",
    "PROXY_LATE",
    "PROXY_UNTRUSTED",
    "TLS",
    "Door",
    "raise_descriptor_limit",
]

# What a connection was refused or closed for: names of counters.
FULL: Final = "full"
PEER: Final = "peer"
NO_DESCRIPTORS: Final = "no-descriptors"
CLOSED_FOR_ROOM: Final = "closed-for-room"
PROXY_BAD: Final = "proxy-bad"
PROXY_LATE: Final = "proxy-late"
PROXY_UNTRUSTED: Final = "proxy-untrusted"
TLS: Final = "tls"

# So many are closed at once when room is needed, for finding them costs a look at all.
_BATCH: Final = 64
# How long nobody looks for room again once none was found, and how old a count by peer may be.
_LOOK_SECONDS: Final = 0.1
# Upstreams, log, link and listening sockets have a place too.
_OTHER_DESCRIPTORS: Final = 1024

_log = logging.getLogger("strangler.door")


class Door:
    """Decides for each newcomer. `clients` are the connections that are open; `counts` never go back."""

    def __init__(
        self,
        limits: Limits,
        trusted: Sequence[IPv4Network | IPv6Network],
        clients: Collection[ClientConnection],
        clock: Callable[[], float],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._most = limits.connections
        self._most_of_peer = limits.connections_per_peer
        # By how much sooner patience ends with one that is in the middle of a head.
        self._sooner = limits.idle_timeout - limits.head_timeout
        self._trusted = tuple(trusted)
        self._clients = clients
        self._clock = clock
        self._room_sought = -1.0
        self._room = 0
        self._peers: Counter[str] = Counter()
        self._peers_counted = -1.0

    def full(self, open_connections: int) -> bool:
        """Whether one more would be too many."""
        return open_connections >= self._most

    def refusal(self, peer: str, open_connections: int) -> str:
        """Why a newcomer from `peer` is refused; empty for a welcome. Where it is full, room is made if possible."""
        if self._most_of_peer and not self.trusts(peer) and self._has_too_many(peer):
            self.counts[PEER] += 1
            return PEER
        if self.full(open_connections) and not self.make_room():
            self.counts[FULL] += 1
            return FULL
        return ""

    def trusts(self, peer: str) -> bool:
        """Whether `peer` is a trusted proxy."""
        if not self._trusted:
            return False
        try:
            address = ip_address(peer.removeprefix("::ffff:"))
        except ValueError:
            return False
        return any(address in network for network in self._trusted)

    def make_room(self) -> bool:
        """Close connections that are not in use, the longest unused first; whether there is room for one more."""
        if self._room > 0:
            self._room -= 1
            return True
        now = self._clock()
        if now - self._room_sought < _LOOK_SECONDS:
            return False
        # Whoever waits for nobody has the deadline of the time that it was used last, or that its head began to come.
        unused = heapq.nsmallest(
            min(_BATCH, max(self._most // 16, 1)),
            # One that is closed already and whose last bytes nobody takes stays open for a while: closed once more it
            # would make no room.
            (client for client in self._clients if client.exchange is None and not client.transport.is_closing()),
            key=lambda client: client.deadline + (self._sooner if client.in_head else 0.0),
        )
        for client in unused:
            client.transport.close()
        self.counts[CLOSED_FOR_ROOM] += len(unused)
        if not unused:
            self._room_sought = now
            return False
        self._room = len(unused) - 1
        return True

    def _has_too_many(self, peer: str) -> bool:
        peer = _counted_as(peer)
        self._peers[peer] += 1
        # Those who came once and never again are not to be kept for ever.
        if self._peers[peer] <= self._most_of_peer and len(self._peers) <= 2 * self._most:
            return False
        # Newcomers are only ever added: who has gone since shows when all are counted anew.
        now = self._clock()
        if now - self._peers_counted >= _LOOK_SECONDS:
            self._peers_counted = now
            self._peers = Counter(
                _counted_as(str(address[0]))
                for client in self._clients
                if isinstance(address := client.transport.get_extra_info("peername"), tuple)
            )
            self._peers[peer] += 1
        if self._peers[peer] <= self._most_of_peer:
            return False
        self._peers[peer] -= 1
        return True


def _counted_as(peer: str) -> str:
    """What the connections of `peer` are counted under: of IPv6 a whole /64, which everybody has to themselves."""
    if ":" not in peer or peer.startswith("::ffff:"):
        return peer
    try:
        return IPv6Address(peer.partition("%")[0]).packed[:8].hex()
    except ValueError:
        return peer


def raise_descriptor_limit(connections: int) -> None:
    """Let this process have as many files open as it may; tell where that is too few for so many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):
            # Some systems allow less than they say.
            hard = soft
    needed = connections + _OTHER_DESCRIPTORS
    if hard != resource.RLIM_INFINITY and hard < needed:
        _log.warning(
            "only %d open files are allowed, and limits.connections = %d may need %d: raise the limit of open files"
            " (LimitNOFILE= under systemd), or lower limits.connections",
            *(hard, connections, needed),
        )
