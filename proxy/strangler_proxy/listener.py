"""Accepts customers' connections on a worker's sockets, and brings each as far as HTTP: PROXY header, then TLS.

The event loops' own servers do not survive a system that has no descriptors left: one closes its socket for good, the
other drops who waits. Here whoever waits goes on waiting until there is room.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

from strangler_proxy.answers import own_answer
from strangler_proxy.door import NO_DESCRIPTORS, PROXY_BAD, PROXY_LATE, PROXY_UNTRUSTED, TLS, Door
from strangler_proxy.downstream import ClientConnection
from strangler_proxy.gateway import Gateway
from strangler_proxy.proxy_protocol import PREAMBLE, BadProxyHeader, Told, length_behind, parse_proxy_header

__all__ = ["Listener"]

_BACKLOG: Final = 2048
# So many at a turn of the loop, so that those who are in are served too.
_AT_ONCE: Final = 64
# At the end everybody who waits is let in, within reason.
_AT_THE_END: Final = 1024
_PAUSE: Final = 0.1
_REMIND_SECONDS: Final = 60.0
# Who was refused has a moment to read why before the connection is closed; so many at a time.
_FAREWELL_SECONDS: Final = 1.0
_MOST_FAREWELLS: Final = 256

_log = logging.getLogger("strangler.listener")


class Listener:
    """Accepts for `gateway` from `start` until `stop`; `settle` then waits for those who are not yet through."""

    def __init__(self, gateway: Gateway, door: Door, tls: ssl.SSLContext | None = None) -> None:
        self._gateway = gateway
        self._door = door
        self._tls = tls
        self._proxied = gateway.config.proxy_protocol
        self._patience = gateway.limits.handshake_timeout
        self._sockets: list[socket.socket] = []
        # Those who are not through, and what each has become so far.
        self._opening: dict[asyncio.Task[None], ClientConnection | None] = {}
        self._farewells: deque[socket.socket] = deque()
        self._reminded = float("-inf")

    def start(self, sockets: Sequence[socket.socket]) -> None:
        """Listen, and accept whoever comes."""
        for each in sockets:
            each.setblocking(False)
            if each.family in (socket.AF_INET, socket.AF_INET6):
                # What is accepted inherits it.
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.listen(_BACKLOG)
            self._sockets.append(each)
            self._gateway.loop.add_reader(each, self._accept, each, _AT_ONCE)

    def stop(self) -> None:
        """Let in whoever waits now, and accept no more."""
        for each in self._sockets:
            self._gateway.loop.remove_reader(each)
            self._accept(each, _AT_THE_END)
        for each in self._sockets:
            self._gateway.loop.remove_reader(each)
            each.close()
        self._sockets.clear()

    async def settle(self, seconds: float) -> None:
        """Wait for those who were accepted and are not yet through, and let go of them after `seconds`."""
        if self._opening:
            await asyncio.wait(self._opening, timeout=seconds)
        for task in list(self._opening):
            task.cancel()
        while self._farewells:
            self._farewells.popleft().close()

    def _accept(self, listening: socket.socket, most: int) -> None:
        for _ in range(most):
            try:
                accepted, address = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:
                # That one has gone again.
                continue
            except OSError as error:
                self._pause(listening, error)
                return
            self._take(accepted, address)

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        loop = self._gateway.loop
        self._door.counts[NO_DESCRIPTORS] += 1
        if loop.time() - self._reminded > _REMIND_SECONDS:
            self._reminded = loop.time()
            _log.error("no connection can be accepted now (%s); who comes waits", error.strerror or error)
        self._door.make_room()
        loop.remove_reader(listening)
        loop.call_later(_PAUSE, self._resume, listening)

    def _resume(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._gateway.loop.add_reader(listening, self._accept, listening, _AT_ONCE)

    def _take(self, accepted: socket.socket, address: object) -> None:
        accepted.setblocking(False)
        peer = str(address[0]) if isinstance(address, tuple) else ""
        refusal = self._door.refusal(peer, self._open_connections())
        if refusal:
            self._refuse(accepted, refusal)
            return
        if self._proxied and not self._door.trusts(peer):
            self._door.counts[PROXY_UNTRUSTED] += 1
            accepted.close()
            return
        task = self._gateway.loop.create_task(self._open(accepted))
        self._opening[task] = None
        task.add_done_callback(self._opening.pop)

    def _open_connections(self) -> int:
        """How many there are. Whoever has just come through is still among those who are not, and counts once."""
        clients, opening = self._gateway.clients, self._opening
        open_connections = len(clients) + len(opening)
        if self._tls is not None or not self._door.full(open_connections):
            # Handshakes take long enough to be many, and to count more than one who is through would be rare.
            return open_connections
        return len(clients) + sum(client not in clients for client in opening.values())

    async def _open(self, accepted: socket.socket) -> None:
        gateway, tls = self._gateway, self._tls
        told: Told | None = None
        try:
            if self._proxied:
                async with asyncio.timeout(self._patience):
                    told = await self._told(accepted)
            peer = None if told is None else told.peer
            secure = tls is not None or (told is not None and told.secure)
            client = ClientConnection(gateway, peer, secure=secure)
            self._opening[cast("asyncio.Task[None]", asyncio.current_task())] = client
            await gateway.loop.connect_accepted_socket(
                # By asyncio's names for its methods it is a protocol, though it does not say so.
                lambda: cast("asyncio.Protocol", client),
                accepted,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else self._patience,
            )
        except BadProxyHeader as error:
            _log.debug("%s", error)
            self._give_up(accepted, PROXY_BAD)
        except TimeoutError:
            self._give_up(accepted, PROXY_LATE if self._proxied and told is None else TLS)
        except OSError:
            # SSLError is one too; without TLS it has only gone again.
            self._give_up(accepted, PROXY_BAD if self._proxied and told is None else TLS if tls is not None else "")
        except asyncio.CancelledError:
            self._give_up(accepted, "")
            raise

    async def _told(self, accepted: socket.socket) -> Told:
        # Never a byte more than the header has: what follows is the transport's.
        header = b""
        needed = PREAMBLE
        while len(header) < needed:
            piece = await self._gateway.loop.sock_recv(accepted, needed - len(header))
            if not piece:
                raise BadProxyHeader("an end before the PROXY header was whole")
            header += piece
            needed = PREAMBLE + length_behind(header[:PREAMBLE])
        return parse_proxy_header(header)

    def _give_up(self, accepted: socket.socket, cause: str) -> None:
        if cause:
            self._door.counts[cause] += 1
        accepted.close()

    def _refuse(self, accepted: socket.socket, reason: str) -> None:
        gateway = self._gateway
        if self._tls is not None or self._proxied:
            # There is no HTTP yet in which it could be told.
            accepted.close()
            return
        gateway.counts.refuse(503, f"connections-{reason}")
        with suppress(OSError):
            # A close with unread bytes would take the answer along.
            accepted.recv(65536)
        with suppress(OSError):
            accepted.send(own_answer(503, gateway.new_request_id(), close=True))
            accepted.shutdown(socket.SHUT_WR)
        if len(self._farewells) >= _MOST_FAREWELLS:
            self._farewells.popleft().close()
        self._farewells.append(accepted)
        gateway.loop.call_later(_FAREWELL_SECONDS, self._part, accepted)

    def _part(self, refused: socket.socket) -> None:
        if refused in self._farewells:
            self._farewells.remove(refused)
            with suppress(OSError):
                refused.recv(65536)
            refused.close()
