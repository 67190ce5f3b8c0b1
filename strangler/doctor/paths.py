"""Paths: slashes at their ends, languages before them, and what stands below the admin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strangler.doctor.facts import MonolithFacts
from strangler.doctor.finding import Finding, Severity
from strangler.doctor.proxy_facts import ProxyFacts, RouteFacts

__all__ = ["paths", "shape"]

_VARIABLE = re.compile(r"<(?:(\w+):)?\w+>")


def shape(template: str) -> str:
    """A path template without the names of its variables: two templates of one shape take the same paths."""
    return _VARIABLE.sub(lambda found: f"<{found[1] or 'str'}>", template)


def paths(monolith: MonolithFacts, proxy: ProxyFacts | None) -> Iterator[Finding]:
    """What is to be said of APPEND_SLASH, i18n_patterns and the admin, held against the routes."""
    if proxy is None:
        return
    plain, prefixed = {shape(url) for url in monolith.urls}, {shape(url) for url in monolith.prefixed}
    for route in proxy.routes:
        if route.twin:
            yield from _slash(proxy, route, monolith, plain)
            yield from _language(proxy, route, monolith, plain, prefixed)
        yield from _admin(proxy, route, monolith)
    yield from _redirects(proxy, monolith, plain)
    if monolith.has("locale") and monolith.languages[1:] and any(route.twin for route in proxy.routes):
        yield Finding(
            "D144",
            Severity.NOTE,
            "LocaleMiddleware",
            f"answers in {len(monolith.languages)} languages",
            "It goes by the path, the cookie and Accept-Language, and says so in Vary and Content-Language.",
            f"# choose in that order too: path, cookie {monolith.language_cookie!r}, Accept-Language",
            "the candidate",
        )


def _place(proxy: ProxyFacts, route: RouteFacts) -> str:
    return proxy.file if route.line is None else f"{proxy.file}:{route.line}"


def _slash(proxy: ProxyFacts, route: RouteFacts, monolith: MonolithFacts, plain: set[str]) -> Iterator[Finding]:
    own = shape(route.path)
    other, said = (own[:-1], route.path[:-1]) if own.endswith("/") else (f"{own}/", f"{route.path}/")
    if own in plain or other not in plain or own == "/":
        return
    if said.endswith("/"):
        why = (
            "The monolith redirects it to the one with the slash (APPEND_SLASH), where no route is; the candidate"
            " answers what is redirected today."
            if monolith.append_slash
            else "The monolith answers 404 there, and the page itself stands at the one with the slash."
        )
    else:
        why = "The monolith has the page without a slash: the route takes nothing that customers ask for."
    yield Finding(
        "D141",
        Severity.WRONG,
        f"routes[{route.name}].path",
        f"is {route.path}, and the monolith has {said}",
        why,
        f'path = "{said}"',
        _place(proxy, route),
    )


def _redirects(proxy: ProxyFacts, monolith: MonolithFacts, plain: set[str]) -> Iterator[Finding]:
    leant = [
        route
        for route in proxy.routes
        if route.twin and route.path != "/" and route.path.endswith("/") and shape(route.path) in plain
    ]
    if not (leant and monolith.append_slash and monolith.has("common")):
        return
    others = f" and {len(leant) - 1} more" if leant[1:] else ""
    yield Finding(
        "D142",
        Severity.NOTE,
        "APPEND_SLASH",
        f"redirects to {leant[0].path}{others}, from the path without its last slash",
        "Django does so as long as the URL is in its own URLconf. Once the old code is deleted, the path without the"
        " slash is a 404, whoever answers the other.",
        f'path("{leant[0].path.strip("/")}", RedirectView.as_view(url=...))'
        "        # kept in the URLconf when the view goes, or a route of its own",
        monolith.where_urls,
    )


def _language(
    proxy: ProxyFacts, route: RouteFacts, monolith: MonolithFacts, plain: set[str], prefixed: set[str]
) -> Iterator[Finding]:
    own = shape(route.path)
    if own in plain or own not in prefixed:
        return
    language = monolith.languages[0] if monolith.languages else "en"
    yield Finding(
        "D143",
        Severity.WRONG,
        f"routes[{route.name}].path",
        f"is {route.path}, and the monolith has it behind a language (i18n_patterns)",
        "Customers are at /LANGUAGE"
        + route.path
        + ": the route takes nothing but what LocaleMiddleware would redirect.",
        f'path = "/{language}{route.path}"        # one route for each language',
        _place(proxy, route),
    )


def _admin(proxy: ProxyFacts, route: RouteFacts, monolith: MonolithFacts) -> Iterator[Finding]:
    below = next((admin for admin in monolith.admin if route.path.startswith(admin)), "")
    if below:
        yield Finding(
            "D145",
            Severity.RISK,
            f"routes[{route.name}].path",
            f"is {route.path}, below the admin at {below}",
            "The admin's last pattern answers everything below it, slashes and 404s included, and its pages link to"
            " each other: what moves out of it comes without its menu, its log and its permissions.",
            "leave the admin with the monolith, and give the route a path outside of it",
            _place(proxy, route),
        )
