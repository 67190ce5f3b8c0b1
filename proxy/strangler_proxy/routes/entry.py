"""A route made ready for matching, and the match it gives."""

from __future__ import annotations

from collections.abc import Sequence

from strangler_proxy.routes.condition import Asked, Conditions
from strangler_proxy.routes.overlap import owned_methods
from strangler_proxy.routes.rewrite import Rewrite
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.template import Template, parse_template

__all__ = ["Entry", "Match"]


class Match:
    """A route that takes a request. `path` is what it takes, decoded, and `texts` that split at its slashes."""

    __slots__ = ("_entry", "_path", "_texts", "place")

    def __init__(self, entry: Entry, texts: Sequence[str], path: str) -> None:
        # The route's place in the order of all, as `RouteTable.routes` has them.
        self.place = entry.place
        self._entry = entry
        self._texts = texts
        self._path = path

    @property
    def route(self) -> Route:
        """The route itself."""
        return self._entry.route

    @property
    def params(self) -> dict[str, str]:
        """The values of the template's variables, decoded."""
        return self._entry.params(self._texts, self._path)


class Entry:
    """A route with its template read and its conditions prepared. `place` is its place in the order of all routes.

    Raises TemplateError when the template cannot be read.
    """

    __slots__ = (
        "_variables",
        "conditions",
        "methods",
        "place",
        "rank",
        "rewrite",
        "route",
        "spans",
        "template",
    )

    def __init__(self, route: Route) -> None:
        self.route = route
        self.template: Template = parse_template(route.path)
        self.methods = owned_methods(route)
        self.conditions = Conditions.of(route) or None
        self.rank = (self.template.rank, Conditions.of(route).rank)
        self.place = 0
        self.rewrite = None if route.rewrite is None else Rewrite(route.rewrite)
        self.spans = any(segment.spans for segment in self.template.segments)
        self._variables = [
            (index, segment) for index, segment in enumerate(self.template.segments) if segment.text is None
        ]

    def takes(self, method: str, asked: Asked) -> bool:
        """Whether method and conditions fit, the path aside."""
        return method in self.methods and (self.conditions is None or self.conditions.met(asked))

    def params(self, texts: Sequence[str], path: str) -> dict[str, str]:
        """The variables' values in a path that the template owns; `texts` is the path split at its slashes."""
        if self.spans:
            return dict(self.template.match(path) or {})
        params: dict[str, str] = {}
        for index, segment in self._variables:
            if (single := segment.single) is not None:
                params[single.name] = texts[index]
            else:
                params.update(segment.match(texts[index]) or {})
        return params
