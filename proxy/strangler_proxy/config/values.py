"""What `strangler.toml` says, as frozen values with every default filled in. Times are in seconds, sizes in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from strangler_proxy.routes.route import Route

__all__ = ["Address", "Config", "Limits", "Seam", "Tracing", "Upstream"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen or connect: a host name or IP address, and a port (0 lets the system choose, for listening)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Something that can answer HTTP, at one address.

    `connect_timeout` bounds making a connection (default 2), `first_byte_timeout` the wait for the first byte of an
    answer once the request is sent (default 60), `idle_timeout` a pause within an answer or a body (default 60).
    `keep_alive` is how long an unused connection is kept (default 1.5: below gunicorn's own 2), `connections` how many
    unused ones a worker keeps at most (default 64). `trusted` says that it belongs to the monolith's own trust domain,
    such as the monolith's second process under ASGI: it sees and may set the private cookies (default False).
    """

    name: str
    address: Address
    connect_timeout: float = 2.0
    first_byte_timeout: float = 60.0
    idle_timeout: float = 60.0
    keep_alive: float = 1.5
    connections: int = 64
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Seam:
    """A branch-by-abstraction point inside the monolith, moved by a toggle of the same name."""

    name: str
    salt: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may send, and how slowly: head size (default 64 KiB), headers (default 128), time for a whole
    request head (default 15), pause within a body (default 60), unused client connection (default 75)."""

    head_bytes: int = 65536
    headers: int = 128
    head_timeout: float = 15.0
    body_timeout: float = 60.0
    idle_timeout: float = 75.0


@dataclass(frozen=True, slots=True)
class Tracing:
    """Where the proxy's spans are sent (empty: there are none), the share of traces that begin here, and its name."""

    endpoint: str = ""
    sample: float = 0.1
    service_name: str = "strangler"


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file. `path` is where it was read, and relative paths in it start at its folder.

    `subject` lists where a subject comes from, tried in order before our own signed cookie: `header:NAME` or
    `cookie:NAME`. `private_cookies` are the monolith's own (session and CSRF): they are kept from every other upstream,
    and no other upstream may set them. `trusted_proxies` are the peers that are believed in what they say of the client
    behind them (X-Forwarded-For, -Proto, -Host and Forwarded).
    """

    path: Path
    upstreams: Mapping[str, Upstream]
    routes: tuple[Route, ...] = ()
    seams: tuple[Seam, ...] = ()
    monolith: str = "monolith"
    listen: Address = Address("127.0.0.1", 8080)
    control: Address = Address("127.0.0.1", 8081)
    workers: int = 2
    state_dir: Path = Path(".strangler")
    store: str = "sqlite:///.strangler/store.db"
    subject: tuple[str, ...] = ()
    private_cookies: frozenset[str] = frozenset({"sessionid", "csrftoken"})
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    limits: Limits = Limits()
    access_log: bool = True
    access_log_sample: float = 1.0
    access_log_slow: float = 1.0
    metrics_public: bool = False
    tracing: Tracing = Tracing()
    text: str = ""

    @property
    def digest(self) -> str:
        """Twelve hex digits which tell one text of the file from another."""
        return sha256(self.text.encode()).hexdigest()[:12]
