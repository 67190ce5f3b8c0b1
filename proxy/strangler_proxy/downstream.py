"""A client's connection: heads are cut out of the bytes that come, and each request becomes an exchange."""

from __future__ import annotations

import asyncio
import socket
import struct
from time import monotonic
from typing import Final, cast

from strangler_proxy.answers import own_answer
from strangler_proxy.asking import HALF_CLOSED
from strangler_proxy.config import Address
from strangler_proxy.fields import is_token
from strangler_proxy.forward import Exchange
from strangler_proxy.gateway import Gateway
from strangler_proxy.head import BadHead
from strangler_proxy.holder import ClientHolder
from strangler_proxy.partial_head import PartialHead
from strangler_proxy.peer import Peer
from strangler_proxy.request_head import RequestHead, parse_request

__all__ = ["ClientConnection"]

# How long a connection is still read from after its last answer, so that the answer is not lost to a reset.
_LINGER: Final = 3.0
# How long after an answer the client's next request is likely to be under way.
_ON_ITS_WAY: Final = 1.0
_MOST_PIPELINED: Final = 65536
# So many empty lines before a request are no slip of a client.
_EMPTY_LINES: Final = b"\r\n" * 16
_CR: Final = ord("\r")
# What the access log says of a request that could not be read.
_NOBODY: Final = b'"route":"-","side":"-","upstream":"-"'
_NEVER: Final = float("inf")


class ClientConnection:
    """One client's connection, an asyncio.Protocol. Requests are answered one at a time, in order.

    `deadline` is when patience ends (monotonic). `told` is the client's address where an edge's PROXY header has told
    it, and `secure` says that it came by TLS of our own. `broken` says that it has ended, perhaps before all was taken.
    """

    __slots__ = (
        "_at",
        "_beginning",
        "_buffer",
        "_closed",
        "_ended",
        "_lingering",
        "_partial",
        "_reading_paused",
        "_secure",
        "_told",
        "broken",
        "deadline",
        "exchange",
        "gateway",
        "peer",
        "transport",
        "writing_paused",
    )

    transport: asyncio.Transport
    peer: Peer

    def __init__(self, gateway: Gateway, told: tuple[str, int] | None = None, *, secure: bool = False) -> None:
        self.gateway = gateway
        self._told = told
        self._secure = secure
        self.exchange: ClientHolder | None = None
        self.deadline = _NEVER
        self.writing_paused = False
        # Whole requests, or their beginnings, that came behind the present one: `_buffer` from `_at` on.
        self._buffer = b""
        self._at = 0
        self._partial: PartialHead | None = None
        self._beginning = False
        self._closed = False
        self._ended = False
        self._lingering = False
        self._reading_paused = False
        self.broken = False

    @property
    def ended(self) -> bool:
        """Whether the client has said that it sends no more."""
        return self._ended

    @property
    def in_head(self) -> bool:
        """Whether a request's head has begun to come and is not whole yet."""
        return self._partial is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        gateway = self.gateway
        self.peer = Peer(
            self._told or transport.get_extra_info("peername"),
            gateway.config.trusted_proxies,
            gateway.pseudonym,
            secure=self._secure,
        )
        gateway.clients.add(self)
        # One that was let in at the last moment, and says nothing, does not hold up the end.
        self.deadline = monotonic() + (_ON_ITS_WAY if gateway.draining else gateway.limits.idle_timeout)

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:
            if self._lingering:
                return
            if self.writing_paused:
                # Whoever does not take the answers gets no more of them.
                self.hold(data)
            elif self._partial is not None:
                self._go_on(self._partial, data)
            else:
                self._buffer = data
                self._next()
        elif not exchange.request_done:
            exchange.from_client(data)
        else:
            self.hold(data)

    def hold(self, data: bytes) -> None:
        """Keep what came behind the present request until that is answered."""
        self._buffer = self._buffer[self._at :] + data if self._buffer else data
        self._at = 0
        if len(data) > _MOST_PIPELINED or len(self._buffer) > _MOST_PIPELINED:
            self.pause_reading()

    def take_held(self) -> bytes:
        """What came behind the present request, which is not HTTP any more."""
        held = self._buffer[self._at :]
        self._buffer = b""
        self._at = 0
        return held

    def eof_received(self) -> bool:
        self._ended = True
        exchange = self.exchange
        if exchange is None:
            return False
        if not exchange.request_done:
            exchange.client_ended()
            return exchange.tunnelled and self.transport.can_write_eof()
        if exchange.safe:
            # A client that has closed looks the same as one that only stopped sending, until it is written to.
            self.deadline = min(self.deadline, monotonic() + HALF_CLOSED)
        # By TLS there is no answering after the end, and asking for it is complained of.
        return self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        if exc is not None:
            self.broken = True
        self.writing_paused = False
        exchange = self.exchange
        if exchange is None:
            self.gateway.forget(self)
        else:
            exchange.client_lost()

    def pause_writing(self) -> None:
        self.writing_paused = True
        if self.exchange is not None:
            self.exchange.client_full()

    def resume_writing(self) -> None:
        self.writing_paused = False
        if self.exchange is not None:
            self.exchange.client_drained()
        elif not self._closed and not self._lingering and not self._beginning:
            self.resume_reading()
            if held := self.take_held():
                self.data_received(held)

    def pause_reading(self) -> None:
        """Stop reading: what would come now could not be passed on."""
        if not self._reading_paused and not self._closed:
            self._reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on, unless too much is held already."""
        if self._reading_paused and not self._closed and len(self._buffer) - self._at <= _MOST_PIPELINED:
            self._reading_paused = False
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Send `data`; nothing once the connection is closed."""
        if not self._closed:
            self.transport.write(data)

    def has_unsent(self) -> bool:
        """Whether not all was taken yet that was sent."""
        return not self.broken and self.transport.get_write_buffer_size() > 0

    def end_writing(self) -> None:
        """Tell the client that nothing more comes, while it may still send."""
        if not self._closed and self.transport.can_write_eof():
            self.transport.write_eof()

    def answered(self, *, keep: bool) -> None:
        """The present exchange is over: go on with the next request, or close."""
        exchange, self.exchange = self.exchange, None
        if self._closed:
            self.gateway.forget(self)
        elif keep:
            # A client that was told nothing of an end may have sent its next request already.
            patience = _ON_ITS_WAY if self.gateway.draining else self.gateway.limits.idle_timeout
            self.deadline = monotonic() + patience
            self.resume_reading()
            if self._beginning:
                # Whoever begins requests goes on in a loop: they are not answered one inside the other.
                return
            self._next()
        elif self._ended or (exchange is not None and exchange.request_done and not self._buffer):
            self._close()
        else:
            self._linger()

    def cut_off(self, *, reset: bool) -> None:
        """End the connection in the middle of an answer. `reset` where only that tells the client it was not whole."""
        self.exchange = None
        if self._closed:
            self.gateway.forget(self)
        elif reset:
            self.abort()
        else:
            self._close()

    def abort(self) -> None:
        """Reset the connection."""
        exchange = self.exchange
        if exchange is not None:
            exchange.client_lost()
            if self.exchange is exchange:
                exchange.client_lost()
            self.exchange = None
        self.gateway.forget(self)
        self.broken = True
        if not self._closed:
            self._closed = True
            own = self.transport.get_extra_info("socket")
            if own is not None and own.fileno() >= 0:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()

    def drain(self) -> None:
        """Close if unused; if it was used a moment ago, wait as long for a request that may be on its way."""
        if self.exchange is None and not self._buffer and self._partial is None and not self._lingering:
            now = monotonic()
            if self.deadline - now < self.gateway.limits.idle_timeout - _ON_ITS_WAY:
                self._close()
            else:
                self.deadline = now + _ON_ITS_WAY

    def ran_out_of_time(self) -> None:
        """The deadline has passed."""
        if self._closed and self.exchange is None:
            self.gateway.forget(self)
        elif self.exchange is not None:
            self.exchange.ran_out_of_time()
        elif self._lingering:
            self.abort()
        elif self._partial is None:
            self.gateway.counts.timeout("idle_timeout")
            self._close()
        else:
            self.gateway.counts.timeout("head_timeout")
            self._refuse(BadHead(408, "the head took too long"))

    def _close(self) -> None:
        # What is still to be sent is sent; a client that does not take it is let go by the deadline.
        self.deadline = monotonic() + self.gateway.limits.body_timeout
        self._lingering = True
        self.transport.close()

    def _linger(self) -> None:
        self._lingering = True
        self._buffer = b""
        self._at = 0
        self._partial = None
        self.deadline = monotonic() + _LINGER
        self.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _next(self) -> None:
        """Begin the requests in the buffer, each when the one before it is answered."""
        self._beginning = True
        while self.exchange is None and self._buffer and not (self._lingering or self._closed or self.writing_paused):
            self._cut()
        self._beginning = False
        if self.exchange is None and self._ended and not self._lingering and not self._closed:
            self._close()

    def _cut(self) -> None:
        """Begin the request at the start of the buffer, if its head has wholly come."""
        data, start = self._buffer, self._at
        if data[start] == _CR and data.startswith(b"\r\n", start):
            if data.startswith(_EMPTY_LINES, start):
                self._refuse(BadHead(400, "nothing but empty lines"))
                return
            while data.startswith(b"\r\n", start):
                start += 2
        limits = self.gateway.limits
        end = data.find(b"\r\n\r\n", start, start + limits.head_bytes + 4)
        if end < 0:
            self._buffer = b""
            self._at = 0
            if start < len(data):
                self._partial = PartialHead(400, after_lines=True)
                self.deadline = monotonic() + limits.head_timeout
                self._go_on(self._partial, data[start:] if start else data)
            return
        try:
            head = parse_request(data[start:end], limits.headers)
        except BadHead as error:
            self._refuse(error)
            return
        end += 4
        if end == len(data):
            self._buffer = b""
            self._at = 0
            self._begin(head, b"")
        elif head.length:
            self._buffer = b""
            self._at = 0
            self._begin(head, data[end:])
        else:
            self._at = end
            self._begin(head, b"")

    def _go_on(self, partial: PartialHead, data: bytes) -> None:
        """More of a head came that has not wholly come."""
        limits = self.gateway.limits
        try:
            whole = partial.add(data)
            if len(partial.head if whole else partial) > limits.head_bytes:
                raise BadHead(414 if partial.first_line_exceeds(limits.head_bytes) else 431, "a head too long")
            if not whole:
                if partial.begins not in (b"", b"\r") and not is_token(partial.begins):
                    raise BadHead(400, "no method")
                if self._ended:
                    self._close()
                self.resume_reading()
                return
            head = parse_request(partial.head, limits.headers)
        except BadHead as error:
            self._refuse(error)
            return
        self._partial = None
        rest = partial.rest
        if rest and not head.length:
            self._buffer = rest
            rest = b""
        self._beginning = True
        self._begin(head, rest)
        self._next()

    def _begin(self, head: RequestHead, rest: bytes) -> None:
        if not head.has_host:
            name = self.transport.get_extra_info("sockname")
            if not head.host and isinstance(name, tuple):
                head.host = str(Address(name[0], name[1])).encode()
            head.lines.append(b"Host: " + head.host)
        self.peer.heed(head)
        exchange = Exchange(self, head)
        self.exchange = exchange
        exchange.begin(rest)

    def _refuse(self, error: BadHead) -> None:
        """Answer a head that cannot be passed on; what follows it cannot be told from it, so that is the end."""
        gateway = self.gateway
        request_id = gateway.new_request_id()
        self.write(own_answer(error.status, request_id, close=True))
        gateway.counts.refuse(error.status, str(error))
        gateway.log.add(b"-", b"-", error.status, _NOBODY, 0.0, request_id, "", str(error))
        self._linger()
