"""The view in which the monolith vouches for a client: the proxy asks it, and nobody else can.

It is asked with the client's own method, credentials and, of a form, CSRF token. So the monolith's own middleware
has found the session and the user before the view is entered, and what the view adds is what Django would have done
at the URL that the client asked for: the CSRF check of that URL's view, and its authentication.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, get_callable, get_resolver, resolve
from django.utils.http import escape_leading_slashes
from django.utils.translation import get_language, get_language_from_path, override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from strangler.django.conf import vouch_secret
from strangler.django.csrf import csrf_middleware, origin_is_own
from strangler.django.facts import facts
from strangler.django.rest import RestView
from strangler.vouch import SEAL, TARGET, WANTS, answer_seal, opened

__all__ = ["vouch"]

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the client asked the proxy for, and who would have answered it here; `view` is None where nobody would."""

    method: str
    target: str
    view: Callable[..., Any] | None
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


@never_cache
def _vouch(request: HttpRequest) -> HttpResponse:
    """Say who the client is, or refuse it as the view that it asked for would. 404 to all but the proxy."""
    seal, target, wants = (request.headers.get(name, "") for name in (SEAL, TARGET, WANTS))
    secret = vouch_secret()
    method = request.method or ""
    nonce = opened(secret, seal, method, target, wants, time.time()) if secret else None
    if nonce is None or not secret:
        raise Http404
    wanted: dict[str, Any] = json.loads(wants)
    _stand_at(request, target)
    # URLs with a language in front are found, and pages told, in that language.
    with override(get_language_from_path(request.path_info) or get_language()):
        found = _judge(request, _asked(request, target), wanted)
    text = json.dumps(found if isinstance(found, dict) else {"refused": _portable(found)})
    return HttpResponse(f"{answer_seal(secret, nonce, text)}\n{text}", content_type="text/plain; charset=utf-8")


# Who is not the proxy gets its 404 and no 403; the client's own token is checked below, by the rules of the view asked.
vouch = csrf_exempt(_vouch)
# Django 5.1's LoginRequiredMiddleware would send anonymous clients to the login before anybody could say who they are.
vouch.login_required = False  # type: ignore[attr-defined]


def _stand_at(request: HttpRequest, target: str) -> None:
    """Let the request be one for `target`: what is refused is refused, logged and redirected as there."""
    path, _, query = target.partition("?")
    request.path_info = request.path = unquote_to_bytes(path).decode("utf-8", "replace")
    request.META["PATH_INFO"] = request.path
    request.META["QUERY_STRING"] = query


def _asked(request: HttpRequest, target: str) -> _Asked:
    try:
        match = resolve(request.path_info, getattr(request, "urlconf", None))
    except Resolver404:
        return _Asked(request.method or "", target, None, (), {})
    request.resolver_match = match
    return _Asked(request.method or "", target, match.func, match.args, match.kwargs)


def _judge(request: HttpRequest, asked: _Asked, wanted: Mapping[str, Any]) -> dict[str, Any] | HttpResponse:
    """The facts about the client, or the answer that refuses it."""
    refused = _origin_refusal(request) if wanted["origin"] else _csrf_refusal(request, asked.view)
    if refused is not None:
        return refused
    rest = RestView.of(asked.view, request, asked.args, asked.kwargs)
    if rest is None:
        user = getattr(request, "user", None)
        if user is None:
            raise ImproperlyConfigured("Nobody is signed in or out: AuthenticationMiddleware is not among MIDDLEWARE.")
    else:
        refused = rest.authenticate()
        if refused is not None:
            return refused
        user = rest.user
    known = user is not None and user.is_authenticated and user.is_active
    if not known and wanted["need"] == "required":
        return _turned_away(request, asked, rest, wanted["anonymous"])
    # Views of REST framework authenticate by classes of their own, some by what stands in the URL: what one of them
    # says is said of this URL alone.
    return {**facts(request, user if known else None, wanted), "here": rest is not None}


def _csrf_refusal(request: HttpRequest, view: Callable[..., Any] | None) -> HttpResponse | None:
    """What Django's own check answers, held as it is for `view`: one that is exempt is not checked."""
    middleware, installed = csrf_middleware()
    check = middleware(lambda _: HttpResponse())
    if not installed:
        check.process_request(request)
    return check.process_view(request, view or _nowhere, (), {})


def _origin_refusal(request: HttpRequest) -> HttpResponse | None:
    """What a WebSocket's handshake of another site is told: it is a GET with all cookies, which any page can make."""
    if origin_is_own(request):
        return None
    failure: Callable[..., HttpResponse] = get_callable(settings.CSRF_FAILURE_VIEW)
    return failure(request, reason="Origin checking failed: the handshake comes from a page of another site.")


def _nowhere(request: HttpRequest) -> HttpResponse:
    """The view of a URL that the monolith does not have: as no view is exempt from CSRF checks unless it says so."""
    raise Http404


def _turned_away(request: HttpRequest, asked: _Asked, rest: RestView | None, how: str) -> HttpResponse:
    """What an anonymous client is told where a user is needed: as the view asked would, or as the route says."""
    if how == "monolith":
        if rest is not None:
            return rest.turned_away()
        view_class = getattr(asked.view, "view_class", None)
        if view_class is not None and hasattr(view_class, "handle_no_permission"):
            view = view_class(**getattr(asked.view, "view_initkwargs", {}))
            view.setup(request, *asked.args, **asked.kwargs)
            try:
                answer: HttpResponse = view.handle_no_permission()
            except PermissionDenied as error:
                return _forbidden(request, error)
            return answer
    if how == "401":
        answer = HttpResponse(status=HTTPStatus.UNAUTHORIZED, content_type="text/plain; charset=utf-8")
        answer.headers["WWW-Authenticate"] = "Session"
        return answer
    if how == "403":
        return _forbidden(request, PermissionDenied())
    # What was sent cannot be sent again after the login, so nobody is led back to it.
    after = escape_leading_slashes(asked.target) if asked.method in _SAFE else ""
    return redirect_to_login(after) if after else redirect_to_login(str(settings.LOGIN_REDIRECT_URL))


def _forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    resolver = get_resolver(getattr(request, "urlconf", None))
    handler: Callable[..., HttpResponse] = resolver.resolve_error_handler(HTTPStatus.FORBIDDEN)
    return handler(request, exception=error)


def _portable(answer: HttpResponse) -> dict[str, Any]:
    """An answer as plain JSON types, for the proxy to give to the client."""
    if hasattr(answer, "render") and not getattr(answer, "is_rendered", True):
        answer = answer.render()
    lines = [[name, value] for name, value in answer.items() if name.lower() != "content-length"]
    lines += [["Set-Cookie", morsel.OutputString()] for morsel in answer.cookies.values()]
    return {"status": answer.status_code, "lines": lines, "body": b64encode(answer.content).decode("ascii")}
