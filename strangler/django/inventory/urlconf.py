"""A walk over the live URLconf, in the order in which Django tries its patterns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

__all__ = ["Branch", "Leaf", "UrlconfError", "walk"]


class UrlconfError(Exception):
    """A URLconf that cannot be loaded: which one, and why."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What stands above a pattern: the includes' patterns, namespaces, and the URLconf module it is written in."""

    patterns: tuple[Any, ...] = ()
    namespaces: tuple[str, ...] = ()
    module: str = ""

    def below(self, resolver: URLResolver) -> Branch:
        """The branch of what `resolver` includes."""
        own = (resolver.namespace,) if resolver.namespace else ()
        return Branch((*self.patterns, resolver.pattern), (*self.namespaces, *own), _module(resolver) or self.module)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A pattern with what answers it; or an admin site as a whole, of which `callbacks` are all the views."""

    branch: Branch
    pattern: Any
    name: str
    callbacks: tuple[Any, ...]
    admin_site: Any = None


def walk(urlconf: str | None = None) -> Iterator[Leaf]:
    """The leaves of ROOT_URLCONF, or of the module that is named. Raises UrlconfError where one cannot be loaded."""
    resolver = get_resolver(urlconf)
    yield from _within(resolver, Branch(module=_module(resolver)), ())


def _within(resolver: URLResolver, branch: Branch, above: tuple[Any, ...]) -> Iterator[Leaf]:
    for pattern in _patterns(resolver, branch):
        if not isinstance(pattern, URLResolver):
            yield Leaf(branch, pattern.pattern, pattern.name or "", (pattern.callback,))
            continue
        if pattern.urlconf_name in above:
            # A URLconf that includes itself has no end; what it holds was seen on the way here.
            continue
        site = _admin_site(pattern, branch)
        if site is not None:
            callbacks = tuple(leaf.callbacks[0] for leaf in _within(pattern, branch, (*above, pattern.urlconf_name)))
            yield Leaf(branch.below(pattern), None, "index", callbacks, site)
        else:
            yield from _within(pattern, branch.below(pattern), (*above, pattern.urlconf_name))


def _patterns(resolver: URLResolver, branch: Branch) -> list[URLPattern | URLResolver]:
    name = _module(resolver) or f"a list that {branch.module or 'the project'} includes"
    try:
        return list(resolver.url_patterns)
    except Exception as error:
        # Whatever the modules of a project raise while they are imported.
        raise UrlconfError(f"The URLconf {name} cannot be loaded: {type(error).__name__}: {error}") from error


def _admin_site(resolver: URLResolver, branch: Branch) -> Any:
    """The admin site that a resolver includes; None where it is something else."""
    if resolver.app_name != "admin":
        return None
    for pattern in _patterns(resolver, branch):
        site = getattr(getattr(pattern, "callback", None), "admin_site", None)
        if site is not None:
            return site
    return None


def _module(resolver: URLResolver) -> str:
    name: Any = resolver.urlconf_name
    return name.__name__ if isinstance(name, ModuleType) else name if isinstance(name, str) else ""
