"""A copy's session: read and changed as ever, kept by nobody, in whatever engine."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import get_random_string

from strangler.django.effects import guard

__all__ = ["keep_no_session"]


def keep_no_session(request: HttpRequest) -> None:
    """Whatever session this request is given, no save and no deletion of it is had; they are counted as "session"."""
    # The session comes with a middleware further in, and some middleware may save it before any view is entered: the
    # request itself is the one place that all of them pass.
    kind: Any = type(request)
    request.__class__ = _marked(kind)


class _Marked:
    """A request whose session is kept by nobody."""

    @property
    def session(self) -> Any:
        try:
            return self.__dict__["session"]
        except KeyError:
            raise AttributeError("session") from None

    @session.setter
    def session(self, store: Any) -> None:
        if not isinstance(store, _Unsaved) and hasattr(store, "save"):
            kind: Any = type(store)
            store.__class__ = _unsaved(kind)
        self.__dict__["session"] = store


class _Unsaved:
    """A session store whose saves and deletions are counted only."""

    session_key: str | None
    _session_key: str | None

    def save(self, must_create: bool = False) -> None:
        guard().count("session")
        if self.session_key is None:
            # A session that is new gets a key all the same, for the cookie of the answer.
            self._session_key = get_random_string(32, "abcdefghijklmnopqrstuvwxyz0123456789")

    async def asave(self, must_create: bool = False) -> None:
        self.save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        guard().count("session")

    async def adelete(self, session_key: str | None = None) -> None:
        self.delete(session_key)


@cache
def _marked(request: type[HttpRequest]) -> type[HttpRequest]:
    return type(request.__name__, (_Marked, request), {})


@cache
def _unsaved(store: type[Any]) -> type[Any]:
    return type(store.__name__, (_Unsaved, store), {"__module__": store.__module__})
