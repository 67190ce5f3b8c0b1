"""The monolith's cookies: who else sees them, and whether browsers keep them."""

from __future__ import annotations

from collections.abc import Iterator

from strangler.doctor.facts import CookieFacts, MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts

__all__ = ["cookies"]

_MESSAGES = "messages"
# Storages that may put messages into a cookie.
_IN_A_COOKIE = ("FallbackStorage", "CookieStorage")


def cookies(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    """What is to be said of cookie names, domains and flags, and of `private_cookies`."""
    ours = [("SESSION", monolith.session_cookie)]
    if not monolith.csrf_in_session:
        ours.append(("CSRF", monolith.csrf_cookie))
    if proxy is not None:
        yield from _private(monolith, proxy, ours)
    for kind, cookie in ours:
        yield from _kept(monolith, proxy, kind, cookie)


def _private(monolith: MonolithFacts, proxy: ProxyFacts, ours: list[tuple[str, CookieFacts]]) -> Iterator[Finding]:
    names = [cookie.name for _, cookie in ours]
    messages = monolith.has("messages") and monolith.messages.endswith(_IN_A_COOKIE)
    wanted = [*names, *([_MESSAGES] if messages else [])]
    line = "private_cookies = [" + ", ".join(f'"{name}"' for name in wanted) + "]        # under [proxy]"
    for kind, cookie in ours:
        if cookie.name not in proxy.private_cookies:
            what = "whoever has it is that customer" if kind == "SESSION" else "a form's check is only as good as it"
            yield Finding(
                "D131" if kind == "SESSION" else "D132",
                Severity.WRONG if kind == "SESSION" else Severity.RISK,
                "proxy.private_cookies",
                f"has no {cookie.name!r}, which is {kind}_COOKIE_NAME",
                f"Services are sent the cookie with every request, and may set it: {what}.",
                line,
                proxy.file,
            )
    if messages and _MESSAGES not in proxy.private_cookies and proxy.routes:
        yield Finding(
            "D133",
            Severity.NOTE,
            "proxy.private_cookies",
            f"has no {_MESSAGES!r}, the cookie in which MESSAGE_STORAGE keeps what is still to be shown",
            "Services are sent it, with what the customer was told in it; one that sets it loses messages, as it is"
            " signed with SECRET_KEY.",
            line,
            proxy.file,
        )
    unused = sorted(proxy.private_cookies - {*wanted, _MESSAGES, monolith.language_cookie})
    if unused and set(names) <= proxy.private_cookies:
        return
    if unused:
        yield Finding(
            "D134",
            Severity.NOTE,
            "proxy.private_cookies",
            f"has {unused[0]!r}, which no setting of this monolith names",
            "A name that nobody uses protects nothing: it may be what the cookie was called before.",
            line,
            proxy.file,
        )


def _kept(monolith: MonolithFacts, proxy: ProxyFacts | None, kind: str, cookie: CookieFacts) -> Iterator[Finding]:
    hosts = proxy.hosts if proxy is not None else ()
    domain = cookie.domain.lstrip(".").lower()
    setting = f"{kind}_COOKIE_DOMAIN"
    foreign = [host for host in hosts if domain and host != domain and not host.endswith(f".{domain}")]
    if foreign:
        yield Finding(
            "D135",
            Severity.WRONG,
            setting,
            f"is {cookie.domain!r}, and customers are at {foreign[0]!r}",
            "The proxy passes Set-Cookie on as it is, and browsers refuse a cookie for a domain that is not theirs.",
            f"{setting} = None",
            monolith.where(setting),
        )
    elif domain and kind == "SESSION":
        yield Finding(
            "D136",
            Severity.RISK,
            setting,
            f"is {cookie.domain!r}: every host of that domain is sent the session",
            "What the proxy keeps from services by `private_cookies`, browsers hand to them as soon as one of them has"
            " a name below that domain.",
            f"{setting} = None",
            monolith.where(setting),
        )
    yield from _flags(monolith, proxy, kind, cookie)


def _flags(monolith: MonolithFacts, proxy: ProxyFacts | None, kind: str, cookie: CookieFacts) -> Iterator[Finding]:
    setting = f"{kind}_COOKIE_SECURE"
    if proxy is not None and proxy.origins and cookie.secure and not proxy.secure:
        yield Finding(
            "D137",
            Severity.WRONG,
            setting,
            f"is on, and customers are at {proxy.origins[0]}",
            "Browsers send a Secure cookie by HTTPS alone: nobody stays logged in, and no form passes.",
            f"{setting} = False        # or serve by HTTPS",
            monolith.where(setting),
        )
    if proxy is not None and proxy.secure and not cookie.secure:
        yield Finding(
            "D138",
            Severity.RISK,
            setting,
            "is off, and customers come by HTTPS",
            f"One request by HTTP, such as one that will be redirected, shows {cookie.name!r} to all on its way.",
            f"{setting} = True",
            monolith.where(setting),
        )
    if kind == "SESSION" and cookie.path != "/" and proxy is not None:
        outside = [each for each in proxy.routes if each.identity != "none" and not each.path.startswith(cookie.path)]
        if outside:
            yield Finding(
                "D139",
                Severity.WRONG,
                "SESSION_COOKIE_PATH",
                f"is {cookie.path!r}, and the route {outside[0].name!r} at {outside[0].path} has to know who asks",
                "Browsers do not send the session there: everybody is anonymous to the service.",
                'SESSION_COOKIE_PATH = "/"',
                monolith.where("SESSION_COOKIE_PATH"),
            )
