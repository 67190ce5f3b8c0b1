"""What the monolith saw of a request that the doctor sent by the customers' way, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from strangler.doctor import Finding, Severity

__all__ = ["Seen", "judge_seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """Host and scheme as Django has them, whether it took our Origin for its own, and whether the proxy's mark came."""

    host: str
    scheme: str
    origin_is_own: bool
    proxied: bool
    forwarded_proto: str = ""
    forwarded_for: str = ""


def judge_seen(origin: str, seen: Seen) -> Iterator[Finding]:
    """What is wrong between a customer at `origin` and the monolith."""
    url = urlsplit(origin)
    if not seen.proxied:
        yield Finding(
            "D205",
            Severity.WRONG,
            origin,
            "reaches the monolith, but not through this proxy",
            "The request carried no mark of a proxy that knows the secret: customers pass it by, or something between"
            " the two takes X-Strangler-Proxied away. No route of strangler.toml has any effect on them.",
            f"let what answers at {url.netloc} pass requests on to the proxy's `listen`",
            "the edge in front of the proxy",
        )
    if seen.host.lower() != url.netloc.lower():
        yield Finding(
            "D206",
            Severity.WRONG,
            "Host",
            f"is {seen.host!r} for Django, and {url.netloc!r} for the customer",
            "Something in front of the proxy writes another Host: redirects and links in mails lead there, and a form's"
            " Origin is another site's.",
            "proxy_set_header Host $host;        # nginx; the same in other edges",
            "the edge in front of the proxy",
        )
    if seen.scheme != url.scheme:
        told = f"X-Forwarded-Proto was {seen.forwarded_proto or 'not sent'}"
        believed = seen.forwarded_proto == url.scheme
        yield Finding(
            "D207",
            Severity.WRONG,
            "SECURE_PROXY_SSL_HEADER" if believed else "proxy.trusted_proxies",
            f"leaves Django with {seen.scheme}, and the customer came by {url.scheme}; {told}",
            "HTTPS forms are refused, links and redirects lead to http://, and Secure cookies are not set.",
            'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")'
            if believed
            else 'trusted_proxies = ["10.0.0.0/8"]        # under [proxy]: the addresses of what ends TLS',
            "the monolith's settings" if believed else "strangler.toml",
        )
    if not seen.origin_is_own:
        yield Finding(
            "D208",
            Severity.WRONG,
            "CSRF",
            f"a form sent from {origin} is refused: Django takes its Origin for another site's",
            f"Django compares the Origin with its own scheme and host, which are {seen.scheme}://{seen.host} here.",
            f'mend what is said of Host and scheme; else CSRF_TRUSTED_ORIGINS = ["{origin}"]',
            "the monolith's settings",
        )
