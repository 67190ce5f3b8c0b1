"""Copies of requests in Django: nothing that they do is kept, sent or called, and every answer tells the release.

    MIDDLEWARE = ["strangler.django.shadow.ShadowMiddleware", ...]                 # before all others
    EMAIL_BACKEND = "strangler.django.mail.ShadowGuardBackend"
    STRANGLER = {"MAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", ...}

`strangler.django.effects` says what else STRANGLER can hold, `strangler.django.cache` how caches are guarded.

A copy of a read is served in transactions that are rolled back, as a dry run is: who was last seen when stays as it
was. A view that goes on after an error of the database, outside of any `atomic`, meets TransactionManagementError in
them, as it would with ATOMIC_REQUESTS. What a rollback does not undo: values that sequences and autoincrement gave out,
advisory locks of the session, what triggers and functions do outside of the database, what goes past Django's cursors
to the driver (its own `commit`, SQLite's `executescript`), files, and whatever goes to another process without asking
the guard. A statement that would end the transaction is stopped. Until its end a dry run holds the locks of its writes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeVar

from asgiref.sync import ThreadSensitiveContext, iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import Resolver404, resolve
from django.utils.translation import get_language, get_language_from_path, override

from strangler.django.effects import dry_run_databases, dry_run_everywhere, release, sandbox
from strangler.django.rollback import rolled_back, stop_other_writes
from strangler.django.streams import whole, whole_async
from strangler.django.unsaved import keep_no_session
from strangler.errors import EffectStopped
from strangler.shadow import RELEASE_HEADER, SHADOW_HEADER, Strategy, current_shadow, read_mark, shadowed

__all__ = ["ShadowMiddleware", "dry_run"]

_LOG: Final = logging.getLogger("strangler.shadow")
View = TypeVar("View", bound=Callable[..., Any])


def dry_run(view: View) -> View:
    """Set up a dry run for one view: a decorator, for those whose every effect a rollback and the guard undo.

    For a class: `@method_decorator(dry_run, name="dispatch")`.
    """
    view.strangler_dry_run = True  # type: ignore[attr-defined]
    return view


class ShadowMiddleware:
    """Serves a marked request so that nothing comes of it. To be the first, in WSGI and ASGI alike.

    Databases are rolled back, sessions are not saved, and effects meet the guard. A `dry-run` is answered 503 where
    none is set up for its view, and for an async view: a transaction belongs to one thread, and such a view may write
    in others. A `sandbox` is answered 503 unless this process is one. Raises ConfigError for a release that cannot be.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._release = release()
        self._databases = dry_run_databases()
        self._dry_run = dry_run_everywhere()
        self._sandbox = sandbox()
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)
            # Django would call the other one in a thread, for every request.
            self.process_view = self._process_view_async  # type: ignore[method-assign,assignment]
        stop_other_writes()

    def __call__(self, request: HttpRequest) -> Any:
        """Serve the request as it is marked."""
        return self._serve_async(request) if self._async else self._serve(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Refuse a copy that this view cannot serve, which may be another one than the address told."""
        strategy = current_shadow()
        wrong = "" if strategy is None else self._refusal(strategy, view)
        return _refuse(wrong) if wrong else None

    async def _process_view_async(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        return ShadowMiddleware.process_view(self, request, view, args, kwargs)

    def _serve(self, request: HttpRequest) -> HttpResponseBase:
        strategy = _mark_of(request)
        if strategy is None:
            return self._telling(self._get_response(request))
        if wrong := self._refusal(strategy, _view_of(request)):
            return self._telling(_refuse(wrong))
        with shadowed(strategy), self._around(request, strategy):
            try:
                return self._telling(whole(self._get_response(request)))
            except EffectStopped as error:
                return self._telling(_refuse(str(error)))

    async def _serve_async(self, request: HttpRequest) -> HttpResponseBase:
        strategy = _mark_of(request)
        if strategy is None:
            return self._telling(await self._get_response(request))
        if wrong := self._refusal(strategy, _view_of(request)):
            return self._telling(_refuse(wrong))
        # Views, and what async ones ask the database, run in one thread, which no other request has.
        async with ThreadSensitiveContext():
            with shadowed(strategy):
                around = self._around(request, strategy)
                await sync_to_async(around.__enter__)()
                try:
                    return self._telling(await whole_async(await self._get_response(request)))
                except EffectStopped as error:
                    return self._telling(_refuse(str(error)))
                finally:
                    await sync_to_async(around.__exit__)(None, None, None)

    def _around(self, request: HttpRequest, strategy: Strategy) -> AbstractContextManager[None]:
        if strategy.keeps:
            return nullcontext()
        keep_no_session(request)
        return rolled_back(self._databases)

    def _refusal(self, strategy: Strategy, view: Callable[..., Any] | None) -> str:
        if strategy is Strategy.SANDBOX and not self._sandbox:
            return 'This is no sandbox: set STRANGLER["SHADOW_SANDBOX"] where no store is the real one.'
        if strategy is Strategy.DRY_RUN:
            if not self._dry_run and not getattr(view, "strangler_dry_run", False):
                return 'No dry run is set up here: set STRANGLER["SHADOW_DRY_RUN"], or decorate the view with dry_run.'
            if view is not None and iscoroutinefunction(view):
                return "An async view has no dry run, as a transaction is one thread's: make it sync, or skip it."
        return ""

    def _telling(self, response: HttpResponseBase) -> HttpResponseBase:
        response.headers[RELEASE_HEADER] = self._release
        return response


def _mark_of(request: HttpRequest) -> Strategy | None:
    # Servers join two lines of one name by a comma, which no strategy has.
    value = request.headers.get(SHADOW_HEADER)
    return None if value is None else read_mark([value], request.method or "")


def _view_of(request: HttpRequest) -> Callable[..., Any] | None:
    """The view at the request's address, in its language; None where there is none."""
    with override(get_language_from_path(request.path_info) or get_language()):
        try:
            view: Callable[..., Any] = resolve(request.path_info, getattr(request, "urlconf", None)).func
        except Resolver404:
            return None
    return view


def _refuse(detail: str) -> HttpResponseBase:
    _LOG.warning("A copy was refused: %s", detail)
    problem = {"type": "about:blank", "title": "Copy Refused", "status": 503, "detail": detail}
    answer = JsonResponse(problem, status=503, content_type="application/problem+json")
    answer.headers["Cache-Control"] = "no-store"
    # Django would log it as a server's error once more, and mail that to the administrators for every copy.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer
