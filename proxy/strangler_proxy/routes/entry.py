"""A route made ready for matching, and the match it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strangler_proxy.routes.condition import Asked, Conditions
from strangler_proxy.routes.overlap import owned_methods
from strangler_proxy.routes.rewrite import Rewrite
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.template import Template, parse_template

__all__ = ["Entry", "Match"]


@dataclass(frozen=True, slots=True)
class Match:
    """A route that takes a request, with the values of its template's variables, decoded."""

    route: Route
    params: dict[str, str]


class Entry:
    """A route with its template read and its conditions prepared. `place` is its place in the order of all routes.

    Raises TemplateError when the template cannot be read.
    """

    __slots__ = ("_variables", "conditions", "methods", "place", "rank", "rewrite", "route", "spans", "template")

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

    def match(self, texts: Sequence[str], path: str) -> Match:
        """The match of a path that the template owns; `texts` is the path split at its slashes."""
        if self.spans:
            return Match(self.route, self.template.match(path) or {})
        params: dict[str, str] = {}
        for index, segment in self._variables:
            if (single := segment.single) is not None:
                params[single.name] = texts[index]
            else:
                params.update(segment.match(texts[index]) or {})
        return Match(self.route, params)
