"""Whether Django knows that customers came by HTTPS, and believes a form's Origin."""

from __future__ import annotations

from collections.abc import Iterator

from strangler.doctor.facts import MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts

__all__ = ["scheme"]

_HEADER = "HTTP_X_FORWARDED_PROTO"
_LINE = f'SECURE_PROXY_SSL_HEADER = ("{_HEADER}", "https")'


def scheme(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    """What is to be said of SECURE_PROXY_SSL_HEADER, SECURE_SSL_REDIRECT, CSRF_TRUSTED_ORIGINS and of edges."""
    yield from _header(monolith, proxy)
    yield from _edges(proxy)
    yield from _origins(monolith, proxy)


def _header(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    where = monolith.where("SECURE_PROXY_SSL_HEADER")
    if not monolith.ssl_header:
        secure = proxy is not None and proxy.secure
        if monolith.ssl_redirect:
            yield Finding(
                "D113",
                Severity.WRONG,
                "SECURE_SSL_REDIRECT",
                "is on, and SECURE_PROXY_SSL_HEADER is not set",
                "The proxy speaks HTTP with the monolith: Django takes every request for an insecure one and redirects"
                " it to where it came from, for ever.",
                _LINE,
                where,
            )
        if secure or proxy is None or not proxy.origins:
            missing = [] if proxy is None else [each for each in proxy.origins if each.startswith("https:")]
            trusted = bool(missing) and all(each in monolith.trusted_origins for each in missing)
            yield Finding(
                "D111",
                Severity.WRONG if secure and not trusted else Severity.RISK,
                "SECURE_PROXY_SSL_HEADER",
                "is not set" if secure else "is not set: right only if no customer ever comes by HTTPS",
                "The proxy speaks HTTP with the monolith and says in X-Forwarded-Proto how the customer came. Without a"
                " look at it Django takes an HTTPS form's Origin for another site's (403 for every form), builds"
                " http:// links, and redirects to them.",
                _LINE,
                where,
            )
        return
    name, value = (*monolith.ssl_header, "", "")[:2]
    if name != _HEADER or value != "https":
        yield Finding(
            "D112",
            Severity.WRONG,
            "SECURE_PROXY_SSL_HEADER",
            f"looks at {name} for {value!r}",
            "The proxy sets X-Forwarded-Proto, in every request, to `http` or `https`. It drops other X-Forwarded-"
            " headers, and a header of any other name comes as the client wrote it: whoever likes is secure.",
            _LINE,
            where,
        )


def _edges(proxy: ProxyFacts | None) -> Iterator[Finding]:
    if proxy is None or proxy.tls or proxy.edges or not proxy.secure:
        return
    yield Finding(
        "D114",
        Severity.WRONG,
        "proxy.trusted_proxies",
        f"is empty, the proxy has no [proxy.tls], and customers are at {proxy.origins[0]}",
        "Something in front of the proxy ends TLS. Unless its address is named, the proxy does not believe its"
        " X-Forwarded-Proto and tells Django `http`, and that everybody comes from its address.",
        'trusted_proxies = ["10.0.0.0/8"]        # under [proxy]: the addresses of what ends TLS',
        proxy.file,
    )


def _origins(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    where = monolith.where("CSRF_TRUSTED_ORIGINS")
    everybody = [each for each in monolith.trusted_origins if each.endswith("://*")]
    if everybody:
        yield Finding(
            "D115",
            Severity.RISK,
            "CSRF_TRUSTED_ORIGINS",
            f"has {everybody[0]!r}: pages of any site may send forms",
            "As the proxy keeps Host and says the scheme, Django finds its own origin by itself; the list is for other"
            " sites alone.",
            f"CSRF_TRUSTED_ORIGINS = {[each for each in monolith.trusted_origins if each not in everybody]}",
            where,
        )
    if proxy is None or not monolith.ssl_header:
        return
    own = [each for each in proxy.origins if each in monolith.trusted_origins]
    if own and len(own) == len(monolith.trusted_origins):
        yield Finding(
            "D116",
            Severity.NOTE,
            "CSRF_TRUSTED_ORIGINS",
            f"names the site's own {own[0]!r}, which is not needed any more",
            "With Host kept and X-Forwarded-Proto read, a form's Origin is found to be the site's own.",
            "CSRF_TRUSTED_ORIGINS = []",
            where,
        )
