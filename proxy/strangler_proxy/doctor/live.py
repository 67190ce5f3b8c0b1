"""Live probes by the customers' way: a few GETs that change nothing, through whatever stands in front of the proxy."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from strangler.doctor import Finding, MonolithFacts, Severity
from strangler.vouch import ask_seal
from strangler_proxy.doctor.seen import Seen, judge_seen
from strangler_proxy.plain import plain, reason

__all__ = ["Live", "live_findings"]

_SECONDS = 10.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Live:
    """Where to ask: `origin` is what customers have in their browsers, `url` is where it is asked, which is the proxy's
    own address where the origin's is not to be gone to. `secret` is the one that proxy and monolith share."""

    origin: str
    url: str
    secret: str


def live_findings(live: Live, facts: MonolithFacts, transport: httpx.BaseTransport | None = None) -> list[Finding]:
    """What the probes find. Redirects are not followed."""
    headers = {"Host": urlsplit(live.origin).netloc, "User-Agent": "strangler-doctor"}
    with httpx.Client(
        base_url=live.url, headers=headers, timeout=_SECONDS, trust_env=False, transport=transport
    ) as client:
        try:
            found = [*_seen(client, live, facts)]
            if not any(each.code in ("D201", "D202") for each in found):
                found += [*_slash(client, live, facts), *_cookies(client, live, facts)]
        except httpx.HTTPError as error:
            return [_unanswered(live, reason(error))]
    return found


def _unanswered(live: Live, why: str) -> Finding:
    return Finding(
        "D201",
        Severity.WRONG,
        live.url,
        f"does not answer: {why}",
        "Nothing can be said of what customers meet.",
        "start the proxy (`strangler serve`), or name where customers are: --origin https://shop.example.com",
    )


def _seen(client: httpx.Client, live: Live, facts: MonolithFacts) -> Iterator[Finding]:
    path = facts.seen_path
    if not path:
        yield Finding(
            "D204",
            Severity.NOTE,
            "URLconf",
            "has no view that says what Django sees of a request",
            "Whether Host, scheme and Origin arrive as they should can only be asked of Django itself.",
            'path("_strangler/", include("strangler.django.urls")),',
            facts.where_urls,
        )
        return
    seal = ask_seal(live.secret, int(time.time()), secrets.token_hex(16), "GET", path, "seen")
    answer = client.get(f"{path}?{urlencode({'seal': seal})}", headers={"Origin": live.origin})
    if answer.status_code in (502, 503, 504):
        yield _unanswered(live, f"{answer.status_code}, the proxy has no answer of the monolith's")
    elif answer.status_code != 200:
        yield _refused(answer, live, facts)
    else:
        try:
            told = answer.json()
            seen = Seen(
                str(told["host"]),
                str(told["scheme"]),
                origin_is_own=told["origin_is_own"] is True,
                proxied=told["proxied"] is True,
                forwarded_proto=str(told["forwarded_proto"]),
                forwarded_for=str(told["forwarded_for"]),
            )
        except (ValueError, KeyError, TypeError):
            yield _refused(answer, live, facts)
            return
        yield from judge_seen(live.origin, seen)


def _refused(answer: httpx.Response, live: Live, facts: MonolithFacts) -> Finding:
    host = urlsplit(live.origin).netloc
    if answer.status_code == 400:
        return Finding(
            "D202",
            Severity.WRONG,
            "ALLOWED_HOSTS",
            f"refuses {host!r}: 400",
            "The proxy passes the customer's Host on as it came, and Django does not know it.",
            f'ALLOWED_HOSTS = [..., "{urlsplit(live.origin).hostname}"]',
            facts.where("ALLOWED_HOSTS"),
        )
    if answer.status_code in _REDIRECTS:
        to = plain(answer.headers.get("Location", ""))
        return Finding(
            "D203",
            Severity.WRONG,
            live.origin,
            f"redirects the doctor's question to {to}",
            "Before any view is asked, something redirects every client: SECURE_SSL_REDIRECT where Django does not see"
            " HTTPS, a middleware, or the edge.",
            'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")',
            facts.where("SECURE_PROXY_SSL_HEADER"),
        )
    return Finding(
        "D209",
        Severity.WRONG,
        "STRANGLER",
        f"does not let this proxy ask: {answer.status_code} at {facts.seen_path}",
        "The monolith does not know the secret, its clock is more than 30 s from ours, or somebody else answers there.",
        'STRANGLER = {..., "VOUCH_SECRET_FILE": "/path/to/.strangler/vouch.secret"}',
        facts.where("STRANGLER"),
    )


def _slash(client: httpx.Client, live: Live, facts: MonolithFacts) -> Iterator[Finding]:
    if not facts.append_slash:
        return
    path = next((url for url in facts.urls if url != "/" and url.endswith("/") and "<" not in url), "")
    if not path:
        return
    answer = client.get(path[:-1])
    if answer.status_code not in _REDIRECTS:
        return
    to = urlsplit(urljoin(f"{live.origin}{path[:-1]}", answer.headers.get("Location", "")))
    wanted = urlsplit(live.origin)
    if (to.scheme, to.netloc.lower()) != (wanted.scheme, wanted.netloc.lower()):
        yield Finding(
            "D210",
            Severity.WRONG,
            "redirects",
            f"leave the site: {path[:-1]} leads to {plain(to.geturl())}",
            f"The customer asked {live.origin} and is sent to an address that is not theirs, often the monolith's own.",
            'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https"), and Host passed on by every edge',
            facts.where("SECURE_PROXY_SSL_HEADER"),
        )


def _cookies(client: httpx.Client, live: Live, facts: MonolithFacts) -> Iterator[Finding]:
    answer = client.get(facts.login or "/")
    host = urlsplit(live.origin).hostname or ""
    for line in answer.headers.get_list("set-cookie"):
        try:
            morsels = list(SimpleCookie(line).values())
        except CookieError:
            continue
        for morsel in morsels:
            domain = morsel["domain"].lstrip(".").lower()
            if domain and host != domain and not host.endswith(f".{domain}"):
                yield Finding(
                    "D211",
                    Severity.WRONG,
                    f"cookie {plain(morsel.key)}",
                    f"is set for {domain}, and the customer is at {host}",
                    "Browsers refuse a cookie for a domain that is not theirs.",
                    "SESSION_COOKIE_DOMAIN = None; CSRF_COOKIE_DOMAIN = None",
                    facts.where("SESSION_COOKIE_DOMAIN"),
                )
            if live.origin.startswith("https:") and not morsel["secure"]:
                yield Finding(
                    "D212",
                    Severity.RISK,
                    f"cookie {plain(morsel.key)}",
                    "comes without Secure by HTTPS",
                    "One request by HTTP shows it to all on its way.",
                    "SESSION_COOKIE_SECURE = True; CSRF_COOKIE_SECURE = True",
                    facts.where("SESSION_COOKIE_SECURE"),
                )
