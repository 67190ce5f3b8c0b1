"""Views of Django REST framework: they authenticate by classes of their own and are exempt from Django's CSRF check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

__all__ = ["RestView"]


class RestView:
    """One view of the framework, at work for one request as far as its authentication goes. Imports nothing of it."""

    def __init__(self, view: Any, request: HttpRequest) -> None:
        self._view = view
        self._request = view.request = view.initialize_request(request, *view.args, **view.kwargs)
        view.headers = view.default_response_headers

    @classmethod
    def of(
        cls, view: Callable[..., Any] | None, request: HttpRequest, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> RestView | None:
        """The view as one of REST framework's; None if it is none."""
        view_class = getattr(view, "cls", None)
        if view_class is None or not hasattr(view_class, "get_authenticators"):
            return None
        instance = view_class(**getattr(view, "initkwargs", {}))
        instance.args, instance.kwargs, instance.request = args, dict(kwargs), request
        # A view set asks which of its actions the method stands for.
        instance.action_map = getattr(view, "actions", None) or {}
        return cls(instance, request)

    @property
    def user(self) -> Any:
        """Whom the view's authentication found."""
        return self._request.user

    def authenticate(self) -> HttpResponse | None:
        """Run the view's authentication, its own CSRF check for sessions included; an answer where it refuses.

        Raises what the view's own handler of exceptions does not know.
        """
        try:
            self._view.perform_authentication(self._request)
        except Exception as error:
            return self._refusal(error)
        return None

    def turned_away(self) -> HttpResponse:
        """What the view answers a client without a user: 401 with what to send instead, or 403."""
        try:
            self._view.permission_denied(self._request)
        except Exception as error:
            return self._refusal(error)
        raise TypeError(f"{type(self._view).__name__}.permission_denied denied nothing.")

    def _refusal(self, error: Exception) -> HttpResponse:
        answer = self._view.handle_exception(error)
        finished: HttpResponse = self._view.finalize_response(
            self._request, answer, *self._view.args, **self._view.kwargs
        )
        return finished
