"""Pages of no app: what robots may read, the uploaded images, and the language switch."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language
from django.views.static import serve

__all__ = ["media", "robots", "switch_language"]


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return render(request, "robots.txt", content_type="text/plain; charset=utf-8")


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """An uploaded file; with Last-Modified, and 304 when that is known."""
    return serve(request, path, document_root=str(settings.MEDIA_ROOT))


@csrf_exempt
@require_POST
def switch_language(request: HttpRequest) -> HttpResponseBase:
    """Sets the language's cookie and goes back to ``next``.

    Without a CSRF token, as the switch stands on every page: a token is another one on each request, and no page's
    ETag would ever match. A foreign site can at worst change a visitor's language.
    """
    return set_language(request)
