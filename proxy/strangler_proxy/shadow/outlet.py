"""The way to the comparers: frames of what a worker found unequal, over one Unix socket each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from strangler_proxy.shadow.frame import Unequal, comparer_of, pack
from strangler_proxy.unix import connect_unix

__all__ = ["Outlet", "Way"]

# What may wait in each connection.
_BACKLOG: Final = 8 * 1024 * 1024
_TRY_EVERY: Final = 0.5
_PATIENCE: Final = 5.0

_log = logging.getLogger("strangler.shadow")


class Outlet:
    """Tells the comparers at `paths`, of each route always the same one. Nothing waits for one that is not there, or
    that does not read: what cannot be told is for the caller to count. `tick` connects again what was lost."""

    def __init__(self, paths: Sequence[Path], loop: asyncio.AbstractEventLoop) -> None:
        self._ways = [Way(path, loop, "what is unequal is not compared") for path in paths]

    def tell(self, unequal: Unequal) -> bool:
        """Tell the comparer of its route; False where that takes nothing now."""
        way = self._ways[comparer_of(unequal.route, len(self._ways))]
        return way.has_room() and way.send(pack(unequal))

    def tick(self, now: float) -> None:
        """What is due: called every tenth of a second."""
        for way in self._ways:
            way.tick(now)

    def close(self) -> None:
        """Tell nothing more."""
        for way in self._ways:
            way.close()


class Way(asyncio.Protocol):
    """A connection to the comparer at `path`. What comes of its absence is said by `missed`, for the log."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop, missed: str) -> None:
        self._path = path
        self._loop = loop
        self._missed = missed
        self._transport: asyncio.Transport | None = None
        self._trying: asyncio.Task[None] | None = None
        self._tried = float("-inf")
        self._missed_since: float | None = None
        self._complained = False

    def has_room(self) -> bool:
        """Whether anything can be sent now."""
        transport = self._transport
        return transport is not None and transport.get_write_buffer_size() < _BACKLOG

    def send(self, frame: bytes) -> bool:
        """Send a frame; False where that is too much now."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() + len(frame) > _BACKLOG:
            return False
        transport.write(frame)
        return True

    def tick(self, now: float) -> None:
        """Connect, where that was lost. Called every tenth of a second."""
        if self._transport is not None or self._trying is not None or now - self._tried < _TRY_EVERY:
            return
        self._tried = now
        if self._missed_since is None:
            self._missed_since = now
        elif now - self._missed_since > _PATIENCE and not self._complained:
            self._complained = True
            _log.warning("no comparer at %s: %s", self._path, self._missed)
        self._trying = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        try:
            own = connect_unix(self._path)
            try:
                await self._loop.create_unix_connection(lambda: self, sock=own)
            except BaseException:
                own.close()
                raise
        except OSError:
            pass
        finally:
            self._trying = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        # What it may hold is for `send` to say: nobody is to be paused.
        self._transport.set_write_buffer_limits(high=2 * _BACKLOG)
        self._missed_since = None
        if self._complained:
            self._complained = False
            _log.info("a comparer is there again")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def close(self) -> None:
        """Send what is under way, and nothing more."""
        if self._trying is not None:
            self._trying.cancel()
        if self._transport is not None:
            # The end waits for nobody: what a comparer has not taken by now is lost to it.
            self._transport.abort()
