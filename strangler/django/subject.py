"""Whom a share is counted over, for seams: found in the request, when a seam asks."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from hashlib import sha256
from inspect import iscoroutinefunction
from typing import Any, Final

from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware
from django.utils.text import slugify

from strangler.django.conf import configured

__all__ = ["COOKIE", "current_groups", "current_subject", "subject_middleware", "subject_of"]

COOKIE: Final = "strangler_subject"
_KNOWN: Final = "_strangler_groups"
_REQUEST: Final[ContextVar[HttpRequest | None]] = ContextVar("strangler_request", default=None)


@sync_and_async_middleware
def subject_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Remembers the request for `current_subject`. Place it after sessions and authentication.

    The request itself is left alone: nobody's session is touched unless a seam in a canary asks for the subject.
    """
    if iscoroutinefunction(get_response):

        async def remember_async(request: HttpRequest) -> Any:
            token = _REQUEST.set(request)
            try:
                return await get_response(request)
            finally:
                _REQUEST.reset(token)

        return remember_async

    def remember(request: HttpRequest) -> Any:
        token = _REQUEST.set(request)
        try:
            return get_response(request)
        finally:
            _REQUEST.reset(token)

    return remember


def current_subject() -> str:
    """The subject of the request at hand; empty outside of one, and for a client that nothing is known of."""
    request = _REQUEST.get()
    return "" if request is None else subject_of(request)


def current_groups() -> list[str]:
    """The groups of the user who is signed in with the request at hand, for a seam's `groups`: `superuser`, `staff`,
    and their groups in Django with names as in an address (`Back office` is `back-office`). Nobody has none.

    The database is asked once a request, and only when a group's side was set by hand.
    """
    request = _REQUEST.get()
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return []
    known: list[str] | None = getattr(request, _KNOWN, None)
    if known is None:
        flags = [name for name in ("superuser", "staff") if getattr(user, f"is_{name}", False)]
        groups = getattr(user, "groups", None)
        named = [] if groups is None else [slugify(name) for name in groups.values_list("name", flat=True)]
        known = [*flags, *named]
        setattr(request, _KNOWN, known)
    return known


def subject_of(request: HttpRequest) -> str:
    """The subject of a request: from the sources in STRANGLER["SUBJECT"], else from the proxy's cookie, so that both
    put a customer on the same side; else the signed-in user, else the session.

    The cookie is read without its signature, which only the proxy can check: who forges one chooses a side for
    themselves, no more.
    """
    for source in configured().get("SUBJECT", ()):
        kind, _, name = source.partition(":")
        found = request.headers.get(name) if kind == "header" else request.COOKIES.get(name)
        if found:
            return found
    parts = request.COOKIES.get(COOKIE, "").split(".")
    if len(parts) == 3 and parts[0] == "v1" and parts[1]:
        return parts[1]
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    session = getattr(request, "session", None)
    key = session.session_key if session is not None else None
    # The key itself would let whoever sees it take the session over.
    return f"session:{sha256(key.encode()).hexdigest()[:16]}" if key else ""
