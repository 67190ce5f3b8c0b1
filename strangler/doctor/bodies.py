"""Bodies: how long they may be, and what changes them on their way."""

from __future__ import annotations

from collections.abc import Iterator

from strangler.doctor.facts import MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts

__all__ = ["bodies"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def bodies(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    """What is to be said of DATA_UPLOAD_MAX_MEMORY_SIZE, and of middleware that changes answers."""
    if proxy is None:
        return
    most = monolith.upload_memory
    if proxy.body_bytes and most is not None and proxy.body_bytes < most:
        yield Finding(
            "D151",
            Severity.RISK,
            "limits.body_bytes",
            f"is {proxy.body_bytes}, less than the {most} bytes of DATA_UPLOAD_MAX_MEMORY_SIZE",
            "The proxy answers 413 to forms that Django takes; files, which Django does not count there, are longer"
            " still.",
            f"body_bytes = {most}        # under [limits]; more where files are uploaded",
            proxy.file,
        )
    written = [route for route in proxy.routes if not _SAFE.issuperset(route.methods or ("GET",))]
    if written and most is not None and not proxy.body_bytes:
        yield Finding(
            "D152",
            Severity.NOTE,
            "DATA_UPLOAD_MAX_MEMORY_SIZE",
            f"bounds bodies at {most} bytes in the monolith, and nothing does on the way to"
            f" {written[0].candidate or written[0].name!r}",
            f"What moves out leaves Django's limit behind: {written[0].name!r} takes a body as long as the candidate"
            " does.",
            f"body_bytes = {most}        # under [limits]; more where files are uploaded",
            proxy.file,
        )
    yield from _conditional(monolith, proxy)


def _conditional(monolith: MonolithFacts, proxy: ProxyFacts) -> Iterator[Finding]:
    pages = [route for route in proxy.routes if route.twin]
    if pages and monolith.has("conditional"):
        yield Finding(
            "D153",
            Severity.NOTE,
            "ConditionalGetMiddleware",
            "gives answers an ETag",
            "The candidate makes another one, or none: a client that holds one side's answer asks the other for it in"
            " full once. Its value is not compared, whether there is one is: a candidate without differs in each pair.",
            '[[rule]]\nheader = "ETag"\nignore = true\nwhy = "The service has no conditional answers."'
            "        # or let the candidate send one",
            "strangler.rules.toml",
        )
    if pages and monolith.has("csrf") and monolith.has("gzip"):
        yield Finding(
            "D154",
            Severity.NOTE,
            "GZipMiddleware",
            "pads each compressed answer at random",
            "No two answers are equal bytes, so that every pair is compared by content, which costs a comparer's time.",
            "compress at the edge in front of the proxy, and take GZipMiddleware out",
            monolith.where("MIDDLEWARE"),
        )
