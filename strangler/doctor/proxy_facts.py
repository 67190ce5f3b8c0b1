"""What the doctor knows of the proxy in front: what strangler.toml says, as far as it concerns the monolith."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["ProxyFacts", "RouteFacts"]


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """A route: `twin` says that the monolith has the same, `identity` what the candidate is told of who asks."""

    name: str
    path: str
    candidate: str = ""
    methods: tuple[str, ...] = ()
    twin: bool = True
    identity: str = "none"
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ProxyFacts:
    """The proxy. `file` is strangler.toml. `origins` are the addresses that customers have in their browsers, such as
    `https://shop.example.com`; empty where nobody said. `tls` says that the proxy itself speaks TLS with them, `edges`
    that it believes some peers what they say of their clients (`trusted_proxies`).

    `trusted` are the upstreams of the monolith's own trust domain, itself aside. `vouch_secret` is a fingerprint as the
    monolith's facts have one, empty where there is no secret yet. `health_hosts` are the Hosts that probes of the
    monolith ask with, `keep_alive` is for how many seconds an unused connection to it is kept.
    """

    file: str = "strangler.toml"
    origins: tuple[str, ...] = ()
    tls: bool = False
    edges: bool = False
    routes: tuple[RouteFacts, ...] = ()
    private_cookies: frozenset[str] = frozenset({"csrftoken", "sessionid"})
    trusted: tuple[str, ...] = ()
    body_bytes: int = 0
    identity_path: str = "/_strangler/vouch/"
    vouch_secret: str = ""
    health_hosts: tuple[str, ...] = ()
    keep_alive: float = 1.5

    @property
    def wants_identity(self) -> bool:
        """Whether any route tells its candidate who asks."""
        return any(route.identity != "none" for route in self.routes)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of the origins, without ports."""
        return tuple(urlsplit(origin).hostname or "" for origin in self.origins)

    @property
    def secure(self) -> bool:
        """Whether customers come by TLS, as far as is known."""
        return self.tls or any(origin.startswith("https:") for origin in self.origins)
