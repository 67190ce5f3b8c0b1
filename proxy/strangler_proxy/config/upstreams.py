"""What the file says of an upstream, as frozen values. Times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from strangler.resilience import BreakerSettings
from strangler_proxy.config.address import Address

__all__ = ["HealthCheck", "Upstream", "UpstreamTls", "UpstreamUrl"]


@dataclass(frozen=True, slots=True)
class UpstreamUrl:
    """`http://HOST:PORT`, or `https://` where it is `secure`."""

    address: Address
    secure: bool = False

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.address}"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How an upstream's addresses are probed: `GET path` every `interval` (default 5), answered 2xx within `timeout`
    (default 2). `falls` failures in a row (default 3) make one sick, `rises` answers (default 2) well again. `host` is
    the Host to ask with, by default the URL's own."""

    path: str
    interval: float = 5.0
    timeout: float = 2.0
    rises: int = 2
    falls: int = 3
    host: str = ""


@dataclass(frozen=True, slots=True)
class UpstreamTls:
    """How an `https://` upstream is known, and we to it.

    Its certificate is checked against `ca` (a PEM file; None for the system's store) and `server_name` (empty for the
    URL's host), unless `verify` is False. `certificate` and `key` (None: in the same file) are PEM files of our own.
    """

    verify: bool = True
    ca: Path | None = None
    server_name: str = ""
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """Something that can answer HTTP, at one address or, with `others`, at several.

    `connect_timeout` bounds making a connection, its TLS handshake included (default 2), `first_byte_timeout` the wait
    for the first byte of an answer once the request is sent (default 60), `idle_timeout` a pause within an answer or a
    body (default 60), `total_timeout` a whole exchange (default 0: nothing does).
    `keep_alive` is how long an unused connection is kept (default 1.5: below gunicorn's own 2), `connections` how many
    unused ones a worker keeps for each address at most (default 64). `trusted` says that it belongs to the monolith's
    own trust domain, such as the monolith's second process under ASGI: it sees and may set the private cookies
    (default False).

    Of one worker: `max_connections` are open at most (default 1024), `in_flight` requests under way at most (default
    1024), and as many as `waiting` (default 128) wait for their turn, up to `waiting_timeout` (default 2).
    `breaker` is None (the default) without one. `eject_after` failures in a row (default 3; 0 for never) take one of
    several addresses out for `eject_time` (default 5), which doubles. Names are looked up again every `dns_refresh`
    (default 30; 0 for never). `health` is None without active probes, `tls` without TLS. `release` is that of a
    service whose answers do not report it.
    """

    name: str
    address: Address
    connect_timeout: float = 2.0
    first_byte_timeout: float = 60.0
    idle_timeout: float = 60.0
    keep_alive: float = 1.5
    connections: int = 64
    trusted: bool = False
    others: tuple[Address, ...] = ()
    total_timeout: float = 0.0
    max_connections: int = 1024
    in_flight: int = 1024
    waiting: int = 128
    waiting_timeout: float = 2.0
    breaker: BreakerSettings | None = None
    eject_after: int = 3
    eject_time: float = 5.0
    dns_refresh: float = 30.0
    health: HealthCheck | None = None
    tls: UpstreamTls | None = None
    release: str = ""

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All its addresses, in the file's order."""
        return (self.address, *self.others)

    @property
    def urls(self) -> tuple[UpstreamUrl, ...]:
        """All its URLs, in the file's order."""
        return tuple(UpstreamUrl(address, self.tls is not None) for address in self.addresses)

    def __str__(self) -> str:
        return ", ".join(str(url) for url in self.urls)
