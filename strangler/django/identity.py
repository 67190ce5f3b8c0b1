"""For services in Django: `request.strangler_identity`, verified before any view is entered.

    MIDDLEWARE = ["strangler.django.identity.IdentityMiddleware", ...]
    STRANGLER_IDENTITY = {"KEYS": ["http://strangler:8081/.well-known/strangler/jwks.json"], "AUDIENCE": "catalog"}

AUDIENCE is the service's name as an upstream in strangler.toml, KEYS the URLs or files of the proxies' public keys.
Optional: ISSUER (`strangler`), LEEWAY in seconds (5), ANONYMOUS (True; False refuses anonymous clients), and
OPEN_PATHS, a list of paths that need no identity, such as health checks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse

from strangler.errors import IdentityRefused, KeysUnavailable
from strangler.identity import HEADER, Identity, IdentityKeys, Verifier

__all__ = ["IdentityMiddleware"]

_KEYS: Final = frozenset({"ANONYMOUS", "AUDIENCE", "ISSUER", "KEYS", "LEEWAY", "OPEN_PATHS"})

_log = logging.getLogger("strangler.identity")


class IdentityMiddleware:
    """Refuses a request without an identity, or with one that is not believed, by 401; by 503 when no keys can be read.

    Raises ImproperlyConfigured at start for wrong settings. Under ASGI, Django runs it in a thread.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        found = _settings()
        self._verifier = Verifier(
            IdentityKeys(*found["KEYS"]),
            audience=found["AUDIENCE"],
            issuer=found.get("ISSUER", "strangler"),
            leeway=found.get("LEEWAY", 5.0),
        )
        self._anonymous = found.get("ANONYMOUS", True)
        self._open = frozenset(found.get("OPEN_PATHS", ()))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on with its identity, or refuse it."""
        if request.path in self._open:
            return self._get_response(request)
        try:
            identity = self._identity(request)
        except IdentityRefused as error:
            _log.warning("refused (%s): %s", error.why, error)
            return _refusal(401, "Unauthorized")
        except KeysUnavailable as error:
            _log.error("%s", error)
            return _refusal(503, "Service Unavailable")
        if not identity.is_authenticated and not self._anonymous:
            return _refusal(401, "Unauthorized")
        request.strangler_identity = identity  # type: ignore[attr-defined]
        return self._get_response(request)

    def _identity(self, request: HttpRequest) -> Identity:
        # WSGI joins two lines of one name by a comma, which no token has: two identities are one that is malformed.
        token = request.headers.get(HEADER)
        # Django tells nobody the bytes of a path that is not UTF-8: such a request is refused.
        path = request.path.encode("utf-8", "surrogateescape")
        query = request.META.get("QUERY_STRING", "").encode("latin-1")
        return self._verifier.verify(token, request.method or "", path, query)


def _settings() -> Mapping[str, Any]:
    found = getattr(settings, "STRANGLER_IDENTITY", None)
    if not isinstance(found, Mapping) or not found.get("KEYS") or not found.get("AUDIENCE"):
        raise ImproperlyConfigured(
            "IdentityMiddleware needs the setting STRANGLER_IDENTITY, such as"
            ' {"KEYS": ["http://strangler:8081/.well-known/strangler/jwks.json"], "AUDIENCE": "catalog"}.'
        )
    if isinstance(found["KEYS"], str) or not isinstance(found["KEYS"], list | tuple):
        raise ImproperlyConfigured('STRANGLER_IDENTITY["KEYS"] is no list: write the URLs or files in [brackets].')
    if unknown := sorted(set(found) - _KEYS):
        raise ImproperlyConfigured(
            f"STRANGLER_IDENTITY has no key {unknown[0]!r}; it can have: {', '.join(sorted(_KEYS))}."
        )
    return found


def _refusal(status: int, title: str) -> HttpResponse:
    answer = JsonResponse(
        {"type": "about:blank", "title": title, "status": status},
        content_type="application/problem+json",
        status=status,
    )
    answer.headers["Cache-Control"] = "no-store"
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Strangler"
    return answer
