"""One address of an upstream: its unused connections, what is under way on it, and how it has fared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from strangler_proxy.upstream import UpstreamConnection

__all__ = ["Endpoint"]

# An endpoint that fails again and again is out for so long at most.
_LONGEST: Final = 300.0
_MOST_DOUBLED: Final = 16


class Endpoint:
    """Where an upstream can be reached, in the eyes of one worker.

    `hosts` are the IP addresses that lead to one and the same server (`localhost` may have two), tried in order; the
    one that answered last is first. `host` is the host in the upstream's URL, `server_name` the name that a certificate
    has to be for, `authority` what requests of our own have as their Host. `in_use` counts the connections that carry a
    request or are being made.

    `healthy` is what the active probes say, `probe_results` how many in a row passed (above 0) or failed (below 0).
    Until `ejected_until` it is out for its own failures; `suspect` says that it failed since it last answered. `gone`
    says that the upstream's name no longer leads here: what is under way ends, and nothing new begins.
    """

    __slots__ = (
        "_doubled",
        "authority",
        "ejected_until",
        "ejections",
        "failures",
        "gone",
        "healthy",
        "host",
        "hosts",
        "in_use",
        "name",
        "port",
        "probe_results",
        "probes_failed",
        "server_name",
        "suspect",
        "unused",
    )

    def __init__(
        self, hosts: tuple[str, ...], port: int, host: str = "", *, server_name: str = "", secure: bool = False
    ) -> None:
        self.hosts: tuple[str, ...] = hosts
        self.port: int = port
        self.host: str = host or hosts[0]
        self.server_name: str = server_name or self.host
        own_port = port == (443 if secure else 80)
        self.authority: str = _bracketed(self.host) if own_port else f"{_bracketed(self.host)}:{port}"
        self.name: str = f"{_bracketed(hosts[0])}:{port}"
        self.unused: list[UpstreamConnection] = []
        self.in_use: int = 0
        self.failures: int = 0
        self.ejections: int = 0
        self.ejected_until: float = 0.0
        self.healthy: bool = True
        self.probe_results: int = 0
        self.probes_failed: int = 0
        self.gone: bool = False
        self.suspect: bool = False
        self._doubled: int = 0

    def failed(self, now: float, after: int, seconds: float) -> bool:
        """No answer came from here. True when it is out now: `after` failures in a row do it, for `seconds`.

        Each time that it is out again before an answer came from it doubles that, up to five minutes.
        """
        self.failures += 1
        self.suspect = True
        if not after or self.failures < after or self.ejected_until > now:
            return False
        self.failures = 0
        self.ejections += 1
        self.ejected_until = now + min(seconds * 2.0**self._doubled, _LONGEST)
        self._doubled = min(self._doubled + 1, _MOST_DOUBLED)
        return True

    def pardon(self) -> None:
        """It answered: what it failed in before counts no more."""
        self.suspect = False
        self.failures = 0
        self._doubled = 0
        self.ejected_until = 0.0

    def reached(self, host: str) -> None:
        """`host`, of several, was the one that answered: it is tried first from now on."""
        if host != self.hosts[0]:
            self.hosts = (host, *(each for each in self.hosts if each != host))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
