"""Counting who reaches the monolith: through the proxy, past it, or with a copy.

    MIDDLEWARE = ["strangler.django.shadow.ShadowMiddleware", "strangler.django.callers.CallersMiddleware", ...]
    STRANGLER = {"CALLERS": "/var/lib/shop/callers", "VOUCH_SECRET_FILE": "/srv/proxy/.strangler/vouch.secret", ...}

The proxy marks its requests with a header that nobody else can write, as it is made from the secret that both know.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.utils.translation import get_language_from_path

from strangler.callers import Caller, Counted, Passage
from strangler.django.caller_counts import CallerCounts
from strangler.django.caller_file import CallerFile
from strangler.django.conf import configured, vouch_secret
from strangler.proxied import PROXIED, is_proxied
from strangler.shadow import SHADOW_HEADER

__all__ = ["CallersMiddleware", "agent_of", "callers_folder", "client_of", "example_of"]

_LOG: Final = logging.getLogger("strangler.callers")
# Out of META: `request.headers` is made of all of them when it is first asked for.
_PROXIED: Final = f"HTTP_{PROXIED.upper().replace('-', '_')}"
_SHADOW: Final = f"HTTP_{SHADOW_HEADER.upper().replace('-', '_')}"
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_WORD: Final = re.compile(r"[A-Za-z][\w.+-]{0,39}")
_BOT: Final = re.compile(r"bot\b|spider|crawl", re.IGNORECASE)
# A part of a path that is longer, or has one of these, may be a secret or a name: it is no example.
_PLAIN_PART: Final = re.compile(r"[\w.~-]{0,24}", re.ASCII)
_LONGEST_PATH: Final = 120
_SECRET_AGE: Final = 10.0


def callers_folder() -> Path | None:
    """The folder of the counts; None where STRANGLER names none."""
    found = configured().get("CALLERS")
    return Path(found) if found else None


class CallersMiddleware:
    """Counts each request once it is answered. To be the first, or right after ShadowMiddleware; WSGI and ASGI alike.

    It takes itself out where STRANGLER has no CALLERS. Counting can fail without a request noticing.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any], counts: CallerCounts | None = None) -> None:
        folder = callers_folder()
        if counts is None and folder is None:
            raise MiddlewareNotUsed('STRANGLER["CALLERS"] names no folder.')
        self._get_response = get_response
        self._counts = counts or CallerCounts(CallerFile(folder or Path()))
        self._secret = ""
        self._read = -_SECRET_AGE
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Serve the request, and count it."""
        if self._async:
            return self._serve_async(request)
        response = self._get_response(request)
        self._count(request)
        return response

    async def _serve_async(self, request: HttpRequest) -> Any:
        response = await self._get_response(request)
        self._count(request)
        return response

    def _count(self, request: HttpRequest) -> None:
        try:
            self._note(request)
        except Exception:
            # The answer is there, and nobody shall lose it to being counted.
            _LOG.exception("A request could not be counted.")

    def _note(self, request: HttpRequest) -> None:
        now, meta = time.time(), request.META
        method = request.method if request.method in _METHODS else "OTHER"
        route, name = _view_of(request)
        if is_proxied(self._secret_at(now), meta.get(_PROXIED, ""), now):
            passage = Passage.COPIES if _SHADOW in meta else Passage.THROUGH
            self._counts.count(passage, method or "", route, name, now)
            return
        client, address = client_of(meta.get("REMOTE_ADDR", ""))
        agent = agent_of(meta.get("HTTP_USER_AGENT", ""))
        addresses = (address,) if address else ()
        caller = Caller(
            client, agent, method or "", route, Counted(1, now, now), addresses, (example_of(request.path),)
        )
        self._counts.count(Passage.PAST, method or "", route, name, now, caller)

    def _secret_at(self, now: float) -> str:
        if not 0 <= now - self._read < _SECRET_AGE:
            self._secret, self._read = vouch_secret(), now
        return self._secret


def client_of(address: str) -> tuple[str, str]:
    """Where a request came from, and an example of it: a public address only as its network."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.removeprefix("::ffff:"))
    except ValueError:
        return "unknown", ""
    if found.is_loopback:
        return "loopback", str(found)
    if found.is_private:
        return "private", str(found)
    return "public", str(ip_network(f"{found}/{24 if found.version == 4 else 48}", strict=False))


def agent_of(header: str) -> str:
    """The family of a User-Agent: its first word without a version, `browser`, `bot`, or `none`."""
    if _BOT.search(header):
        return "bot"
    found = _WORD.match(header)
    if found is None:
        return "none"
    return "browser" if found[0] == "Mozilla" else found[0]


def example_of(path: str) -> str:
    """A path to show: parts that are long or hold more than letters and digits are left out."""
    parts = [part if _PLAIN_PART.fullmatch(part) else "…" for part in path.split("/")]
    return "/".join(parts)[:_LONGEST_PATH]


def _view_of(request: HttpRequest) -> tuple[str, str]:
    """The key of the view that answered, as the inventory has it, and the name of its URL; empty for none."""
    match = request.resolver_match
    if match is None:
        return "", ""
    route = match.route
    start = request.path_info[1:].partition("/")[0] + "/"
    if settings.USE_I18N and route.startswith(start) and get_language_from_path(request.path_info):
        route = route.removeprefix(start)
    return route, match.view_name or ""
