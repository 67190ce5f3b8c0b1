"""Which hosts Django answers for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strangler.doctor.facts import MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts

__all__ = ["allows", "hosts"]

_PASSED_ON = "The proxy passes the customer's Host on as it came"
# What Django allows in place of an empty list while DEBUG is on.
_OF_DEBUG = (".localhost", "127.0.0.1", "[::1]")


def allows(patterns: Iterable[str], host: str) -> bool:
    """Whether ALLOWED_HOSTS lets a host pass, as Django reads it: `.example.com` stands for all of that domain."""
    name = f"[{host.lower()}]" if ":" in host else host.lower().rstrip(".")
    return any(
        pattern == "*"
        or name == pattern
        or (pattern.startswith(".") and (name.endswith(pattern) or name == pattern[1:]))
        for pattern in map(str.lower, patterns)
    )


def hosts(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    """What is to be said of ALLOWED_HOSTS and USE_X_FORWARDED_HOST."""
    where = monolith.where("ALLOWED_HOSTS")
    listed = monolith.allowed_hosts or (_OF_DEBUG if monolith.debug else ())
    if not listed:
        wanted = list(proxy.hosts) if proxy is not None and proxy.hosts else ["shop.example.com"]
        yield Finding(
            "D101",
            Severity.WRONG,
            "ALLOWED_HOSTS",
            "is empty",
            f"{_PASSED_ON}, and with DEBUG off Django answers every one of them with 400.",
            f"ALLOWED_HOSTS = {_listed(wanted)}",
            where,
        )
        return
    missing = [host for host in dict.fromkeys(proxy.hosts if proxy is not None else ()) if not allows(listed, host)]
    if missing:
        yield Finding(
            "D102",
            Severity.WRONG,
            "ALLOWED_HOSTS",
            f"has no {' and no '.join(map(repr, missing))}, where customers are",
            f"{_PASSED_ON}, and Django answers a Host that it does not know with 400.",
            f"ALLOWED_HOSTS = {_listed([*monolith.allowed_hosts, *missing])}",
            where,
        )
    if "*" in listed:
        hosts_named = list(proxy.hosts) if proxy is not None and proxy.hosts else ["shop.example.com"]
        yield Finding(
            "D103",
            Severity.RISK,
            "ALLOWED_HOSTS",
            "has '*': any Host is believed",
            f"{_PASSED_ON}, so that whoever sends one chooses the host in links of mails, such as those that reset a"
            " password.",
            f"ALLOWED_HOSTS = {_listed(hosts_named)}",
            where,
        )
    yield from _probes(monolith, proxy, listed)
    if monolith.forwarded_host:
        yield Finding(
            "D105",
            Severity.RISK,
            "USE_X_FORWARDED_HOST",
            "is on, and not needed",
            f"{_PASSED_ON}, and X-Forwarded-Host says the same; but who reaches the monolith past the proxy chooses"
            " with it which host Django takes itself for.",
            "USE_X_FORWARDED_HOST = False",
            monolith.where("USE_X_FORWARDED_HOST"),
        )


def _probes(monolith: MonolithFacts, proxy: ProxyFacts | None, listed: Iterable[str]) -> Iterator[Finding]:
    refused = [host for host in (proxy.health_hosts if proxy is not None else ()) if not allows(listed, host)]
    if proxy is None or not refused:
        return
    good = next((host for host in listed if host != "*" and not host.startswith(".")), "shop.example.com")
    yield Finding(
        "D104",
        Severity.WRONG,
        "upstreams.monolith.health_host",
        f"probes ask with Host {refused[0]!r}, which ALLOWED_HOSTS has not",
        "A view behind CommonMiddleware answers them with 400: the monolith is taken for sick, and a sick address gets"
        " no customers while another one is well.",
        f'health_host = "{good}"        # under [upstreams.monolith]',
        proxy.file,
    )


def _listed(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
