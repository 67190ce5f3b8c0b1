"""The view that says what the monolith sees of a request: `strangler doctor --live` asks it, and nobody else can.

It is asked by a customer's way, through whatever stands in front of the proxy. Who asks shows by a seal in the query
that it knows the secret of proxy and monolith: of headers that begin with X-Strangler- the proxy lets none pass.
"""

from __future__ import annotations

import time

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from strangler.django.callers import client_of
from strangler.django.conf import vouch_secret
from strangler.django.csrf import origin_is_own
from strangler.proxied import PROXIED, is_proxied
from strangler.vouch import opened

__all__ = ["seen"]


@never_cache
def seen(request: HttpRequest) -> JsonResponse:
    """What Django makes of this request. 404 to all who have no seal."""
    now, secret = time.time(), vouch_secret()
    if not secret or opened(secret, request.GET.get("seal", ""), "GET", request.path, "seen", now) is None:
        raise Http404
    client, _ = client_of(request.META.get("REMOTE_ADDR", ""))
    return JsonResponse(
        {
            "host": request.get_host(),
            "scheme": request.scheme,
            "origin": request.headers.get("Origin", ""),
            "origin_is_own": origin_is_own(request),
            "proxied": is_proxied(secret, request.headers.get(PROXIED, ""), now),
            "client": client,
            "forwarded_for": request.headers.get("X-Forwarded-For", ""),
            "forwarded_proto": request.headers.get("X-Forwarded-Proto", ""),
            "cookies": sorted(request.COOKIES),
        }
    )


# Django 5.1's LoginRequiredMiddleware would send the doctor to the login.
seen.login_required = False  # type: ignore[attr-defined]
