"""Where an upstream's names lead, looked up in the background and kept when they cannot be looked up any more."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from random import uniform
from typing import Final, Protocol

__all__ = ["Resolution", "Resolver", "SystemResolver", "servers"]

_PATIENCE: Final = 5.0
# How long after a look-up that found nothing the name is looked up again.
_AGAIN_UNKNOWN: Final = 1.0
_AGAIN_KNOWN: Final = 5.0


class Resolver(Protocol):
    """Looks up names."""

    async def hosts(self, name: str) -> list[str]:
        """The IP addresses of `name`, the best first. Raises OSError or UnicodeError when there are none."""
        ...


class SystemResolver:
    """Asks as every program on this machine does: hosts file, DNS, or what else it is told to."""

    async def hosts(self, name: str) -> list[str]:
        """The addresses in the system's order. Raises OSError or UnicodeError."""
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(info[4][0]) for info in found))


class _Name:
    __slots__ = ("due", "failing", "hosts", "resolved_at", "task")

    def __init__(self) -> None:
        self.hosts: tuple[str, ...] = ()
        self.resolved_at: float | None = None
        self.due = 0.0
        self.failing = False
        self.task: asyncio.Task[None] | None = None


class Resolution:
    """The names of one upstream. `changed` is called when one of them leads elsewhere than before.

    Every `every` seconds (give or take a tenth; 0 for once and never again) a name is looked up anew. Where that fails,
    what it led to last stays, and `failures` counts it.
    """

    def __init__(
        self,
        names: Iterable[str],
        loop: asyncio.AbstractEventLoop,
        changed: Callable[[], None],
        *,
        every: float,
        resolver: Resolver | None = None,
    ) -> None:
        self._loop = loop
        self._changed = changed
        self._every = every
        self._resolver: Resolver = SystemResolver() if resolver is None else resolver
        self._names = {name: _Name() for name in names if not _is_ip(name)}
        self._next = 0.0
        self.failures = 0

    def hosts(self, name: str) -> tuple[str, ...]:
        """Where `name` leads, an IP address to itself; nowhere while it was never resolved."""
        known = self._names.get(name)
        return (name,) if known is None else known.hosts

    def failing(self) -> list[str]:
        """The names whose last look-up failed."""
        return [name for name, state in self._names.items() if state.failing]

    def age(self, now: float) -> float | None:
        """For how many seconds the oldest of what is known was not confirmed; None without any name resolved."""
        ages = [now - state.resolved_at for state in self._names.values() if state.resolved_at is not None]
        return max(ages, default=None)

    def tick(self, now: float) -> None:
        """Begin the look-ups that are due."""
        if now < self._next or not self._names:
            return
        for name, state in self._names.items():
            if now >= state.due and state.task is None:
                state.task = self._loop.create_task(self._look_up(name, state))
        self._plan()

    async def first(self) -> None:
        """Wait until one of the names not known yet is, or none of them is being looked up any more."""
        self._next = 0.0
        self.tick(self._loop.time())
        waited = {state.task for state in self._names.values() if state.task is not None and not state.hosts}
        while waited:
            _, waited = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if any(state.hosts for state in self._names.values()):
                return

    def close(self) -> None:
        """Give up what is being looked up."""
        for state in self._names.values():
            if state.task is not None:
                state.task.cancel()

    def _plan(self) -> None:
        waiting = [state.due for state in self._names.values() if state.task is None]
        self._next = min(waiting, default=float("inf"))

    async def _look_up(self, name: str, state: _Name) -> None:
        hosts: tuple[str, ...] = ()
        try:
            async with asyncio.timeout(_PATIENCE):
                hosts = tuple(await self._resolver.hosts(name))
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            pass
        now = self._loop.time()
        state.task = None
        state.failing = not hosts
        if not hosts:
            self.failures += 1
            again = min(_AGAIN_KNOWN, self._every or _AGAIN_KNOWN) if state.hosts else _AGAIN_UNKNOWN
            state.due = now + again
        else:
            state.due = now + self._every * uniform(0.9, 1.1) if self._every else float("inf")  # noqa: S311
            state.resolved_at = now
            # The order says nothing: many servers rotate it with each answer.
            if sorted(hosts) != sorted(state.hosts):
                state.hosts = hosts
                self._changed()
        self._plan()


def servers(hosts: tuple[str, ...]) -> list[tuple[str, ...]]:
    """`hosts` by the servers that they lead to: each its own, but this machine's loopback addresses to one.

    What listens on `localhost` does so on ::1 or 127.0.0.1, often on one of them only, and is never two servers.
    """
    if len(hosts) > 1 and all(ip_address(host).is_loopback for host in hosts):
        return [hosts]
    return [(host,) for host in hosts]


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
