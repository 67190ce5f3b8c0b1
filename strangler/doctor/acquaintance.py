"""Whether proxy and monolith know each other: the view that vouches, the secret, and the count of callers."""

from __future__ import annotations

from collections.abc import Iterator

from strangler.doctor.facts import MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts

__all__ = ["acquaintance"]

_MIDDLEWARE = '"strangler.django.callers.CallersMiddleware"'


def acquaintance(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    """What is to be said of STRANGLER, the URL that vouches and the middleware that counts callers."""
    where = monolith.where("STRANGLER")
    if proxy is not None and proxy.wants_identity:
        route = next(route for route in proxy.routes if route.identity != "none")
        if not monolith.vouch_path:
            yield Finding(
                "D171",
                Severity.WRONG,
                "URLconf",
                f"has no view that vouches, and the route {route.name!r} has to know who asks",
                "The proxy asks the monolith who a client is; without an answer the client gets 503.",
                'path("_strangler/", include("strangler.django.urls")),',
                monolith.where_urls,
            )
        elif monolith.vouch_path != proxy.identity_path:
            yield Finding(
                "D172",
                Severity.WRONG,
                "identity.path",
                f"is {proxy.identity_path}, and the monolith vouches at {monolith.vouch_path}",
                "The proxy is answered 404 there, and every client of a route with an identity 503.",
                f'path = "{monolith.vouch_path}"        # under [identity]',
                proxy.file,
            )
    wanted = monolith.counts_callers or (proxy is not None and proxy.wants_identity)
    if wanted and not monolith.vouch_secret:
        yield Finding(
            "D173",
            Severity.WRONG,
            "STRANGLER",
            "has no VOUCH_SECRET_FILE that can be read, and no VOUCH_SECRET",
            "By the secret proxy and monolith know each other: without it nobody is vouched for, and each of the"
            " proxy's requests counts for one that came past it.",
            'STRANGLER = {..., "VOUCH_SECRET_FILE": "/path/to/.strangler/vouch.secret"}',
            where,
        )
    elif proxy is not None and proxy.vouch_secret and monolith.vouch_secret not in ("", proxy.vouch_secret):
        yield Finding(
            "D174",
            Severity.WRONG,
            "STRANGLER",
            "holds another secret than the proxy's",
            "Each takes the other for a stranger: nobody is vouched for, and the proxy's requests count for ones that"
            " came past it.",
            'STRANGLER = {..., "VOUCH_SECRET_FILE": "/path/to/.strangler/vouch.secret"}'
            "        # of this proxy, or STRANGLER_VOUCH_SECRET in both",
            where,
        )
    if not monolith.counts_callers:
        yield Finding(
            "D175",
            Severity.NOTE,
            "MIDDLEWARE",
            "does not count who reaches the monolith past the proxy",
            "A job, a partner or a health check that calls the monolith directly does not move when a route does, and"
            " is cut off with the old code. The count is also what proves that a URL is not needed any more.",
            f"{_MIDDLEWARE},        # the first of MIDDLEWARE, or right after ShadowMiddleware\n"
            'STRANGLER = {..., "CALLERS": "/var/lib/shop/callers"}',
            monolith.where("MIDDLEWARE"),
        )
