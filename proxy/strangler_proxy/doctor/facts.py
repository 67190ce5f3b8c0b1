"""What strangler.toml says, as the doctor's rules want it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from strangler.doctor import ProxyFacts, RouteFacts
from strangler.doctor.fingerprint import fingerprint
from strangler_proxy.config import Config
from strangler_proxy.state import StateDir
from strangler_proxy.vouch_secret import VOUCH_VARIABLE, vouch_secret

__all__ = ["proxy_facts"]


def proxy_facts(config: Config, origins: Sequence[str] = (), environment: Mapping[str, str] = os.environ) -> ProxyFacts:
    """The facts of a configuration; `origins` are where customers are. Raises StranglerError as `vouch_secret` does.

    A secret that nobody has made yet is not made here.
    """
    monolith = config.upstreams[config.monolith]
    known = bool(environment.get(VOUCH_VARIABLE)) or StateDir.of(config).vouch_secret.exists()
    health: tuple[str, ...] = ()
    if monolith.health is not None:
        health = (monolith.health.host,) if monolith.health.host else tuple(each.host for each in monolith.addresses)
    return ProxyFacts(
        file=str(config.path),
        origins=tuple(origins),
        tls=config.tls is not None,
        edges=bool(config.trusted_proxies),
        routes=tuple(
            RouteFacts(
                route.name,
                route.path,
                route.candidate,
                tuple(sorted(route.methods)),
                route.twin,
                route.identity,
                route.line,
            )
            for route in config.routes
        ),
        private_cookies=config.private_cookies,
        trusted=tuple(name for name, each in config.upstreams.items() if each.trusted and name != config.monolith),
        body_bytes=config.limits.body_bytes,
        identity_path=config.identity.path,
        vouch_secret=fingerprint(vouch_secret(config, environment)) if known else "",
        health_hosts=health,
        keep_alive=monolith.keep_alive,
    )
