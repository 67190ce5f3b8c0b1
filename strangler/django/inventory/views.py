"""The views of the live URLconf, each with what can be seen of it without calling it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from inspect import iscoroutinefunction
from types import CodeType
from typing import Any, Final

from django.conf import settings
from django.db import connections
from django.middleware.common import CommonMiddleware

from strangler.django.inventory.decorated import Said, said_by_class, said_by_function
from strangler.django.inventory.installed import has_middleware
from strangler.django.inventory.layers import code_of, held_by, innermost, names_in
from strangler.django.inventory.owners import Owners
from strangler.django.inventory.sources import place_of
from strangler.django.inventory.url_forms import forms_of
from strangler.django.inventory.urlconf import Leaf, walk
from strangler.inventory import View

__all__ = ["redirects_slashes", "views_of"]

# Permissions of Django REST framework that turn away who is not signed in.
_SIGNED_IN: Final = frozenset({"IsAuthenticated", "IsAdminUser", "DjangoModelPermissions"})
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def redirects_slashes() -> bool:
    """Whether Django redirects a path without its last slash to the one with it."""
    return bool(settings.APPEND_SLASH) and has_middleware(CommonMiddleware)


def views_of(owners: Owners, urlconf: str | None = None) -> Iterator[View]:
    """The views, in the order in which Django tries their patterns. Raises UrlconfError."""
    slashes = redirects_slashes()
    atomic = frozenset(alias for alias, each in connections.settings.items() if each.get("ATOMIC_REQUESTS"))
    for leaf in walk(urlconf):
        yield _admin(leaf, owners, atomic) if leaf.admin_site is not None else _view(leaf, owners, slashes, atomic)


def _admin(leaf: Leaf, owners: Owners, atomic: frozenset[str]) -> View:
    site = type(leaf.admin_site)
    file, line = ("", 0) if site.__module__.startswith("django.") else place_of(site, owners)
    return View(
        forms=forms_of(leaf.branch.patterns, subtree=True),
        view=f"{site.__module__}.{site.__qualname__}",
        kind="admin",
        app=owners.whose(site, leaf.branch.module) or "admin",
        name=":".join([*leaf.branch.namespaces, leaf.name]),
        namespaces=leaf.branch.namespaces,
        login=True,
        access=("AdminSite.admin_view",),
        atomic=tuple(sorted(atomic)),
        covers=len(leaf.callbacks),
        catch_all=bool(getattr(leaf.admin_site, "final_catch_all_view", False)),
        file=file,
        line=line,
    )


def _view(leaf: Leaf, owners: Owners, slashes: bool, atomic: frozenset[str]) -> View:
    callback = leaf.callbacks[0]
    within = innermost(callback)
    kind = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    kind = kind if isinstance(kind, type) else None
    actions = _actions(callback)
    said = said_by_function(callback) if kind is None else said_by_class(kind, callback)
    _permissions(said, kind, callback)
    thing, word = _answering(kind, within, actions)
    forms = forms_of((*leaf.branch.patterns, leaf.pattern))
    file, line = place_of(thing, owners)
    methods = _methods(kind, callback, actions, said)
    appends = slashes and getattr(callback, "should_append_slash", True)
    return View(
        forms=forms,
        view=f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', type(thing).__qualname__)}",
        kind=word,
        app=owners.whose(thing, leaf.branch.module),
        name=":".join([*leaf.branch.namespaces, leaf.name]) if leaf.name else "",
        namespaces=leaf.branch.namespaces,
        methods=methods,
        mentions=() if methods else _mentioned(within),
        actions=actions,
        login=said.login,
        access=tuple(said.access),
        decorators=tuple(said.decorators),
        csrf_exempt=bool(getattr(callback, "csrf_exempt", False)),
        atomic=tuple(sorted(atomic - set(getattr(callback, "_non_atomic_requests", ())))),
        cached=said.cached,
        append_slash=appends and any(form.regex.rstrip("?").endswith("/") for form in forms),
        asynchronous=iscoroutinefunction(within) or bool(getattr(kind, "view_is_async", False)),
        catch_all=any(form.regex.endswith((".*", "(.+)", "(.*)", "(.*)/", "(.+)/")) for form in forms),
        file=file,
        line=line,
    )


def _answering(kind: type[Any] | None, within: Any, actions: Mapping[str, str]) -> tuple[Any, str]:
    """What answers, and the word for what it is."""
    if kind is not None:
        made_of = _function_of(kind)
        if made_of is not None:
            return made_of, "function"
        return kind, "viewset" if actions else "class"
    if code_of(within) is not None or isinstance(within, type):
        return within, "function"
    return type(within), "instance"


def _function_of(kind: type[Any]) -> Any:
    """The function that `api_view` made a class of; None for other classes."""
    if kind.__qualname__ != "WrappedAPIView":
        return None
    handlers = (getattr(kind, name.lower(), None) for name in _METHODS if name != "OPTIONS")
    return next((held_by(handler).get("func") for handler in handlers if "func" in held_by(handler)), None)


def _actions(callback: Any) -> dict[str, str]:
    """The actions of a viewset, by method."""
    # Other generic views than Django REST framework's keep theirs where they make the view.
    for found in (getattr(callback, "actions", None), *held_by(innermost(callback)).values()):
        if isinstance(found, Mapping) and found and {str(method).upper() for method in found} <= set(_METHODS):
            return {str(method).upper(): _action(name) for method, name in found.items()}
    return {}


def _action(name: Any) -> str:
    return str(getattr(name, "__name__", name))


def _methods(kind: type[Any] | None, callback: Any, actions: Mapping[str, str], said: Said) -> tuple[str, ...]:
    """The methods that are answered, in the usual order; empty where nothing limits them."""
    found = said.methods
    if kind is not None and not actions and not _is_usual(callback):
        # Handlers are put in place by a `as_view` of somebody's own, and which those are nobody knows.
        return () if found is None else _ordered(found - {"OPTIONS"})
    if kind is not None:
        own = set(actions) or _handled(kind, callback)
        if "GET" in own:
            own.add("HEAD")
        found = frozenset(own) if found is None else found & own
    return () if found is None else _ordered(found - {"OPTIONS"})


def _is_usual(callback: Any) -> bool:
    """Whether a class is served by the `as_view` of Django or of Django REST framework."""
    within = innermost(callback)
    module = str(getattr(within, "__globals__", {}).get("__name__", ""))
    return module.startswith(("django.", "rest_framework.")) or code_of(within) is None


def _handled(kind: type[Any], callback: Any) -> set[str]:
    given = getattr(callback, "view_initkwargs", None) or getattr(callback, "initkwargs", None) or {}
    names = given.get("http_method_names", getattr(kind, "http_method_names", ()))
    handlers = {str(name).upper(): getattr(kind, str(name).lower(), None) for name in names}
    return {name for name, handler in handlers.items() if handler is not None and not _only_redirects(name, handler)}


def _only_redirects(name: str, handler: Any) -> bool:
    """Django's RedirectView has a handler for every method, and none of them but GET's is meant."""
    return name not in ("GET", "HEAD") and getattr(handler, "__qualname__", "").startswith("RedirectView.")


def _ordered(methods: Iterable[str]) -> tuple[str, ...]:
    found = set(methods)
    return (*(each for each in _METHODS if each in found), *sorted(found - set(_METHODS)))


def _permissions(said: Said, kind: type[Any] | None, callback: Any) -> None:
    """What Django REST framework asks of a client."""
    given = getattr(callback, "initkwargs", None) or {}
    for each in given.get("permission_classes", getattr(kind, "permission_classes", None) or ()):
        name = getattr(each, "__name__", "") or type(each).__name__
        bases = {base.__name__ for base in getattr(each, "__mro__", ())}
        if bases & _SIGNED_IN and getattr(each, "authenticated_users_only", True):
            said.turned_away(name)
        elif name != "AllowAny":
            said.access.append(name)


def _mentioned(view: Any) -> tuple[str, ...]:
    """The methods that a function asks for in its own code: `request.method == "POST"`, `request.POST`."""
    names, code = names_in(view), code_of(view)
    found = {"POST"} if names & {"POST", "FILES"} else set()
    if "method" in names and code is not None:
        found |= set(_texts(code.co_consts)) & set(_METHODS)
    return _ordered(found - {"OPTIONS"})


def _texts(constants: Iterable[Any]) -> Iterator[str]:
    for each in constants:
        if isinstance(each, str):
            yield each
        elif isinstance(each, tuple | frozenset):
            yield from _texts(each)
        elif isinstance(each, CodeType):
            yield from _texts(each.co_consts)
