"""What `strangler.toml` says, as frozen values with every default filled in. Times are in seconds, sizes in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from strangler.compare import Rules
from strangler.gates import Gates
from strangler.toggles import Stage
from strangler_proxy.config.address import Address
from strangler_proxy.config.groups import Group
from strangler_proxy.config.identity import IdentitySettings
from strangler_proxy.config.shadow import EvidenceSettings, ShadowSettings
from strangler_proxy.config.upstreams import Upstream
from strangler_proxy.notify import NotifySettings
from strangler_proxy.rollout import DEFAULT, Schedule
from strangler_proxy.routes.route import Route

__all__ = [
    "Address",
    "Config",
    "EvidenceSettings",
    "Group",
    "IdentitySettings",
    "Limits",
    "ListenerTls",
    "Seam",
    "ShadowSettings",
    "Tracing",
    "Upstream",
]

_IDENTITY = IdentitySettings()
_SHADOW = ShadowSettings()
_EVIDENCE = EvidenceSettings()
_NO_RULES = Rules()
_NOTIFY = NotifySettings()

_LISTEN = Address("127.0.0.1", 8080)
_CONTROL = Address("127.0.0.1", 8081)


@dataclass(frozen=True, slots=True)
class Seam:
    """A branch-by-abstraction point inside the monolith, moved by a toggle of the same name."""

    name: str
    salt: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may send, and how slowly: head size (default 64 KiB), headers (default 128), time for a whole
    request head (default 15), pause within a body (default 60), unused client connection (default 75).

    `body_bytes` is the longest body (default 0: any), `body_rate` the bytes a second below which a body's pauses add up
    (default 240), `tunnel_timeout` how long a tunnel may carry nothing (default 3600).

    `connections` are open client connections of one worker (default 10,000), `connections_per_peer` those of one
    address among them, of IPv6 of one /64 (default 0: any number), `handshake_timeout` is for a TLS handshake and a
    PROXY header (default 10).
    """

    head_bytes: int = 65536
    headers: int = 128
    head_timeout: float = 15.0
    body_timeout: float = 60.0
    idle_timeout: float = 75.0
    body_bytes: int = 0
    body_rate: int = 240
    tunnel_timeout: float = 3600.0
    connections: int = 10_000
    connections_per_peer: int = 0
    handshake_timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Tracing:
    """Where the proxy's spans are sent (empty: there are none), the share of traces that begin here, and its name."""

    endpoint: str = ""
    sample: float = 0.1
    service_name: str = "strangler"


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """TLS towards customers: the files of the certificate with its chain and of its private key, both in PEM form."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file. `path` is where it was read, and relative paths in it start at its folder.

    `subject` lists where a subject comes from, tried in order before our own signed cookie: `header:NAME` or
    `cookie:NAME`. `private_cookies` are the monolith's own (session and CSRF): they are kept from every other upstream,
    and no other upstream may set them. `trusted_proxies` are the peers that are believed in what they say of the client
    behind them (X-Forwarded-For, -Proto, -Host and Forwarded).

    `replica` is this replica's name (empty: it is made of the machine's name and the state folder).

    `drain_timeout` is how long a worker that was told to stop waits for the answers under way (default 10),
    `tunnel_grace` how long for tunnels (default 15), `hang_timeout` after how long a worker that has not been heard is
    killed (default 30, 0 for never). `proxy_protocol` says that trusted proxies begin with a PROXY header,
    `tls` that customers are served by TLS (default None: in plain HTTP). `rules` are the compare rules in the file that
    `shadow.rules` names, as they were when the configuration was read: all processes of a replica have the same.
    `gates` are what a route must pass before it may enter a stage, where it does not say itself.
    `rollouts` are the schedules of rollouts, `default` always among them.
    `inventory` is the file that says what is in the monolith (None: there is none), read when a route is to take
    traffic. `control_tls` says that operators are served by TLS (default None: in plain HTTP), `control_rate` how often
    a second a token, and an address, may call (default 200, 0 for any number), `edit_rules` whether it may write the
    file of the compare rules (default: no). `plan` is the file of the plan, which need not be there.
    """

    path: Path
    upstreams: Mapping[str, Upstream]
    routes: tuple[Route, ...] = ()
    seams: tuple[Seam, ...] = ()
    monolith: str = "monolith"
    listen: Address = _LISTEN
    control: Address = _CONTROL
    replica: str = ""
    workers: int = 2
    state_dir: Path = Path(".strangler")
    store: str = "sqlite:///.strangler/store.db"
    subject: tuple[str, ...] = ()
    private_cookies: frozenset[str] = frozenset({"sessionid", "csrftoken"})
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    limits: Limits = Limits()
    refuse_dot_segments: bool = False
    access_log: bool = True
    drain_timeout: float = 10.0
    tunnel_grace: float = 15.0
    hang_timeout: float = 30.0
    proxy_protocol: bool = False
    tls: ListenerTls | None = None
    access_log_sample: float = 1.0
    access_log_slow: float = 1.0
    metrics_public: bool = False
    tracing: Tracing = Tracing()
    identity: IdentitySettings = _IDENTITY
    shadow: ShadowSettings = _SHADOW
    evidence: EvidenceSettings = _EVIDENCE
    rules: Rules = _NO_RULES
    gates: Mapping[Stage, Gates] = field(default_factory=dict)
    rollouts: Mapping[str, Schedule] = field(default_factory=lambda: {DEFAULT.name: DEFAULT})
    notify: NotifySettings = _NOTIFY
    groups: tuple[Group, ...] = ()
    inventory: Path | None = None
    control_tls: ListenerTls | None = None
    control_rate: float = 200.0
    edit_rules: bool = False
    plan: Path = Path("migration_plan.md")
    text: str = ""

    @property
    def digest(self) -> str:
        """Twelve hex digits which tell one text of the file from another."""
        return sha256(self.text.encode()).hexdigest()[:12]

    @property
    def comparers(self) -> int:
        """How many comparers there are: one, which writes recordings, where no route has a twin that is ever asked
        besides."""
        samples = (self.shadow.sample if route.sample is None else route.sample for route in self.routes if route.twin)
        return self.shadow.comparers if any(samples) else 1

    @property
    def longest_drain(self) -> float:
        """After how many seconds a worker that was told to stop has ended for sure."""
        return max(self.drain_timeout, self.tunnel_grace) + 5.0
