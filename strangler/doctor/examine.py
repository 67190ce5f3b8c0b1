"""All rules, over one monolith."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strangler.doctor.acquaintance import acquaintance
from strangler.doctor.bodies import bodies
from strangler.doctor.cookies import cookies
from strangler.doctor.facts import MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.hosts import hosts
from strangler.doctor.paths import paths
from strangler.doctor.proxy_facts import ProxyFacts
from strangler.doctor.scheme import scheme
from strangler.doctor.server import server
from strangler.doctor.sessions import sessions

__all__ = ["examine"]

_NOBODY: Final[Mapping[str, MonolithFacts]] = {}
_ORDER: Final = tuple(Severity)


def examine(
    monolith: MonolithFacts, proxy: ProxyFacts | None = None, services: Mapping[str, MonolithFacts] = _NOBODY
) -> list[Finding]:
    """What is wrong with a monolith behind a proxy, the worst first, then by code.

    Without `proxy` only what the monolith alone can tell is found. `services` are the facts of other Django processes
    that see the monolith's session, by the name of their upstream.
    """
    found = [
        *server(monolith, proxy),
        *hosts(monolith, proxy),
        *scheme(monolith, proxy),
        *sessions(monolith, proxy, services),
        *cookies(monolith, proxy),
        *paths(monolith, proxy),
        *bodies(monolith, proxy),
        *acquaintance(monolith, proxy),
    ]
    return sorted(found, key=lambda finding: (_ORDER.index(finding.severity), finding.code))
