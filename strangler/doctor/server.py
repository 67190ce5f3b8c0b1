"""The monolith's own server, gunicorn."""

from __future__ import annotations

from collections.abc import Iterator

from strangler.doctor.facts import MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts

__all__ = ["server"]


def server(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    """What is to be said of DEBUG, --preload and --keep-alive."""
    gunicorn = monolith.server
    if monolith.debug:
        yield Finding(
            "D100",
            Severity.RISK,
            "DEBUG",
            "is on: these may not be the settings that customers are served with",
            "A development machine's settings say little of what stands behind the proxy. If they are the ones,"
            " every error shows settings and code to whoever meets it.",
            "DEBUG = False        # or run this with the settings that customers are served with",
            monolith.where("DEBUG"),
        )
    if gunicorn.preload:
        yield Finding(
            "D161",
            Severity.NOTE,
            "gunicorn --preload",
            "is on: the code is loaded before the workers are forked",
            "Seams, toggles and the count of callers begin anew in each worker. A thread or a connection of your own"
            " that starts at import does not: the worker has it, and nobody runs it.",
            "preload_app = False        # or start such things in gunicorn's post_fork",
            gunicorn.source,
        )
    if gunicorn.source and proxy is not None and gunicorn.keepalive <= proxy.keep_alive:
        yield Finding(
            "D162",
            Severity.RISK,
            "gunicorn --keep-alive",
            f"is {gunicorn.keepalive:g} s, and the proxy keeps an unused connection for {proxy.keep_alive:g} s",
            "The monolith closes a connection just as the proxy sends on it. Reads are sent again; a POST is not, and"
            " the customer gets 502.",
            f"keepalive = {max(5, int(proxy.keep_alive) + 2)}",
            gunicorn.source,
        )
