"""The table of routes: which route takes a request. Pure; built once, then only read.

The rule: templates are compared segment by segment from the left, where a literal segment beats one with variables,
more literal characters beat fewer, and then int beats uuid beats slug beats str beats path; when all segments tie, the
route that requires more headers and query parameters wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations, takewhile
from typing import Any
from urllib.parse import quote

from strangler.errors import ConfigError, Problem
from strangler_proxy.config.values import Route
from strangler_proxy.routes.condition import Asked, Conditions
from strangler_proxy.routes.overlap import common_methods, common_path, contradict, owned_methods
from strangler_proxy.routes.rewrite import Rewrite
from strangler_proxy.routes.target import decoded_path
from strangler_proxy.routes.template import Segment, Template, TemplateError, parse_template

__all__ = ["Entry", "Match", "RouteTable", "clashes"]


@dataclass(frozen=True, slots=True)
class Match:
    """A route that takes a request, with the values of its template's variables, decoded."""

    route: Route
    params: dict[str, str]


class Entry:
    """A route made ready: its template read, its conditions prepared, its place in the order of all routes."""

    __slots__ = ("conditions", "methods", "place", "rank", "route", "template")

    def __init__(self, route: Route) -> None:
        self.route = route
        self.template: Template = parse_template(route.path)
        self.methods = owned_methods(route)
        self.conditions = Conditions.of(route)
        self.rank = (self.template.rank, self.conditions.rank)
        self.place = 0

    def takes(self, method: str, asked: Asked) -> bool:
        """Whether method and conditions fit, the path aside."""
        return method in self.methods and (not self.conditions or self.conditions.met(asked))


@dataclass(slots=True, eq=False)
class _Node:
    """One place in the trie. `groups` are its segments with variables, in order of rank; equal ranks share a group."""

    literals: dict[str, _Node] = field(default_factory=dict)
    groups: list[list[tuple[Segment, _Node]]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def child(self, segment: Segment) -> _Node:
        if segment.text is not None:
            return self.literals.setdefault(segment.text, _Node())
        for group in self.groups:
            for known, node in group:
                if known == segment:
                    return node
            if group[0][0].rank == segment.rank:
                node = _Node()
                group.append((segment, node))
                return node
        node = _Node()
        self.groups.append([(segment, node)])
        self.groups.sort(key=lambda group: group[0][0].rank)
        return node


class RouteTable:
    """All routes, ready to be asked which of them takes a request.

    Raises ConfigError when a template cannot be read, or when two routes could claim the same request; the problems
    name `file` and the lines of both routes.
    """

    def __init__(self, routes: Sequence[Route], *, file: str = "strangler.toml") -> None:
        self.entries = _entries(routes, file)
        self._rewrites = {route.name: Rewrite(route.rewrite) for route in routes if route.rewrite is not None}
        self._root = _Node()
        for entry in self.entries:
            node = self._root
            for segment in entry.template.segments:
                node = node.child(segment)
                if segment.spans:
                    break  # from here on slashes separate nothing: the whole expression decides
            node.entries.append(entry)

    def match(
        self, method: str, raw_path: bytes, raw_query: bytes = b"", headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> Match | None:
        """The most specific route that takes the request; None where none does, and the monolith answers.

        `raw_path` is the request target before its `?`, `raw_query` what follows that; both as they came.
        """
        path = decoded_path(raw_path)
        if path is None:
            return None
        # The form with one last slash is the form without it; with two it is neither.
        texts = (path[1:-1] if path[-1:] == "/" and path[-2:-1] not in ("", "/") else path[1:]).split("/")
        found = self._search(self._root, texts, 0, path, method, Asked(raw_path, raw_query, headers))
        if found is None:
            return None
        params = found.template.match(path) if found.template.names else {}
        return None if params is None else Match(found.route, params)

    def _search(self, node: _Node, texts: list[str], depth: int, path: str, method: str, asked: Asked) -> Entry | None:
        if depth == len(texts):
            return next((entry for entry in node.entries if entry.takes(method, asked)), None)
        text = texts[depth]
        literal = node.literals.get(text)
        if literal is not None:
            found = self._search(literal, texts, depth + 1, path, method, asked)
            if found is not None:
                return found
        for group in node.groups:
            best: Entry | None = None
            for segment, child in group:
                if segment.spans:
                    found = next(
                        (
                            entry
                            for entry in child.entries
                            if entry.takes(method, asked) and entry.template.match(path) is not None
                        ),
                        None,
                    )
                elif segment.match(text) is not None:
                    found = self._search(child, texts, depth + 1, path, method, asked)
                else:
                    continue
                if found is not None and (best is None or found.place < best.place):
                    best = found
            if best is not None:
                return best
        return None

    def rewritten(self, match: Match, raw_path: bytes) -> bytes:
        """The path to ask the candidate for: the raw path as it came, or the route's rewrite with its variables.

        A value is percent-encoded anew; in a `path` variable slashes stay slashes. Both forms of a path, with and
        without the last slash, are asked for as the rewrite is written.
        """
        rewrite = self._rewrites.get(match.route.name)
        return raw_path if rewrite is None else rewrite.fill(match.params)


def clashes(routes: Sequence[Route], *, file: str = "strangler.toml") -> list[Problem]:
    """Every pair of routes that could claim the same request with neither the more specific one.

    Routes whose template cannot be read are left out: what is wrong with them is another problem.
    """
    readable = []
    for route in routes:
        with suppress(TemplateError):
            readable.append(Entry(route))
    return _clashes(readable, file)


def _entries(routes: Sequence[Route], file: str) -> list[Entry]:
    entries: list[Entry] = []
    problems: list[Problem] = []
    for route in routes:
        try:
            entries.append(Entry(route))
        except TemplateError as error:
            problems.append(Problem(file, route.line, f"routes.{route.name}", error.wrong, error.right))
    problems += _clashes(entries, file)
    if problems:
        raise ConfigError(problems)
    entries.sort(key=lambda entry: (entry.rank, entry.route.name))
    for place, entry in enumerate(entries):
        entry.place = place
    return entries


def _clashes(entries: Sequence[Entry], file: str) -> list[Problem]:
    equals: dict[Any, list[Entry]] = {}
    for entry in entries:
        # Literals before a `path` variable stand in the same place in both paths, so different ones never meet.
        texts = takewhile(lambda segment: not segment.spans, entry.template.segments)
        equals.setdefault((entry.rank, tuple(segment.text for segment in texts)), []).append(entry)
    return [
        problem
        for group in equals.values()
        for one, other in combinations(group, 2)
        if (problem := _clash(one.route, other.route, one.template, other.template, file)) is not None
    ]


def _clash(one: Route, other: Route, template: Template, rival: Template, file: str) -> Problem | None:
    methods = common_methods(one, other)
    if not methods or contradict(one.headers, other.headers, fold=True) or contradict(one.query, other.query):
        return None
    path = common_path(template, rival)
    if path is None:
        return None
    first, second = sorted((one, other), key=lambda route: route.line or 0)
    place = "" if first.line is None else f" ({file}:{first.line})"
    return Problem(
        file,
        second.line,
        f"routes.{second.name}",
        f"claims the same requests as routes.{first.name}{place}, and neither is the more specific:"
        f" {methods[0]} {quote(path)} for example",
        "tell them apart by method, path, or a required header or query parameter; or take one of them away",
    )
