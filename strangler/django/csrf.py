"""The monolith's own CSRF middleware, asked outside of its turn."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

__all__ = ["csrf_middleware", "origin_is_own"]


@cache
def csrf_middleware() -> tuple[type[CsrfViewMiddleware], bool]:
    """The middleware, which may be a subclass of Django's, and whether it is installed."""
    for name in settings.MIDDLEWARE:
        found = import_string(name)
        if isinstance(found, type) and issubclass(found, CsrfViewMiddleware):
            return found, True
    return CsrfViewMiddleware, False


def origin_is_own(request: HttpRequest) -> bool:
    """Whether a request's Origin is this site's own or a trusted one; also where it has none."""
    middleware, _ = csrf_middleware()
    # Django has no public name for it, and a second reading of CSRF_TRUSTED_ORIGINS would one day differ from its own.
    return "HTTP_ORIGIN" not in request.META or bool(
        middleware(lambda _: HttpResponse())._origin_verified(request)  # type: ignore[attr-defined]
    )
