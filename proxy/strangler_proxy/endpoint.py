"""One address of an upstream: its unused connections, what is under way on it, and how it has fared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strangler_proxy.upstream import UpstreamConnection

__all__ = ["Endpoint"]


class Endpoint:
    """Where an upstream can be reached, in the eyes of one worker.

    `hosts` are the IP addresses that lead to one and the same server (`localhost` may have two), tried in order; the
    one that answered last is first. `in_use` counts the connections that carry a request or are being made.

    `healthy` is what the active probe says, `ejected_until` when its own failures are forgiven. `gone` says that the
    upstream's name no longer leads here: what is under way ends, and nothing new begins.
    """

    __slots__ = (
        "ejected_until",
        "ejections",
        "failures",
        "gone",
        "healthy",
        "hosts",
        "in_use",
        "name",
        "port",
        "probe_results",
        "server_name",
        "unused",
    )

    def __init__(self, hosts: tuple[str, ...], port: int, server_name: str = "") -> None:
        self.hosts: tuple[str, ...] = hosts
        self.port: int = port
        # The name in the upstream's URL, by which its certificate is checked.
        self.server_name: str = server_name or hosts[0]
        self.name: str = f"[{hosts[0]}]:{port}" if ":" in hosts[0] else f"{hosts[0]}:{port}"
        self.unused: list[UpstreamConnection] = []
        self.in_use: int = 0
        self.failures: int = 0
        self.ejections: int = 0
        self.ejected_until: float = 0.0
        self.healthy: bool = True
        # How many probes in a row passed (above 0) or failed (below 0).
        self.probe_results: int = 0
        self.gone: bool = False

    def succeeded(self) -> None:
        """A whole answer came from here."""
        self.failures = 0
        self.ejections = 0

    def failed(self, now: float, after: int, seconds: float, longest: float) -> bool:
        """No answer came from here. True when that ejects it: `after` failures in a row, for `seconds`, doubling."""
        self.failures += 1
        if not after or self.failures < after or self.ejected_until > now:
            return False
        self.failures = 0
        self.ejected_until = now + min(seconds * 2.0**self.ejections, longest)
        self.ejections = min(self.ejections + 1, 16)
        return True

    def reached(self, host: str) -> None:
        """`host`, of several, was the one that answered: it is tried first from now on."""
        if host != self.hosts[0]:
            self.hosts = (host, *(each for each in self.hosts if each != host))
