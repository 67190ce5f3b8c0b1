"""Two routes that claim the same request while neither is the more specific: an error, with both places named."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations, takewhile
from typing import Any
from urllib.parse import quote

from strangler.errors import Problem
from strangler_proxy.routes.entry import Entry
from strangler_proxy.routes.overlap import apart, common_methods, common_path, contradict
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.template import TemplateError

__all__ = ["clashes", "clashes_of"]


def clashes(routes: Sequence[Route], *, file: str = "strangler.toml") -> list[Problem]:
    """A problem for every pair of routes that could claim the same request.

    Routes whose template cannot be read are left out: what is wrong with them is another problem.
    """
    readable = []
    for route in routes:
        with suppress(TemplateError):
            readable.append(Entry(route))
    return clashes_of(readable, file)


def clashes_of(entries: Sequence[Entry], file: str) -> list[Problem]:
    """The same, for routes made ready."""
    equals: dict[Any, list[Entry]] = {}
    for entry in entries:
        # Literals before a `path` variable stand in the same place in both paths, so different ones never meet.
        texts = takewhile(lambda segment: not segment.spans, entry.template.segments)
        equals.setdefault((entry.rank, tuple(segment.text for segment in texts)), []).append(entry)
    return [
        problem
        for group in equals.values()
        for one, other in combinations(group, 2)
        if (problem := _clash(one, other, file)) is not None
    ]


def _clash(one: Entry, other: Entry, file: str) -> Problem | None:
    if apart(one.template, other.template):  # the cheapest proof, and of a thousand routes nearly all are
        return None
    routes = (one.route, other.route)
    methods = common_methods(*routes)
    if not methods or contradict(*(route.query for route in routes)):
        return None
    if contradict(*(route.headers for route in routes), fold=True):
        return None
    path = common_path(one.template, other.template)
    if path is None:
        return None
    first, second = sorted(routes, key=lambda route: route.line or 0)
    place = "" if first.line is None else f" ({file}:{first.line})"
    return Problem(
        file,
        second.line,
        f"routes[{second.name}]",
        f"claims the same requests as {first.name!r}{place}, and neither is the more specific:"
        f" {methods[0]} {quote(path)} for example",
        "tell them apart by method, path, or a required header or query parameter; or take one of them away",
    )
