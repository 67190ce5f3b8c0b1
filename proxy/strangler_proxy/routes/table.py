"""The table of routes: which route takes a request. Pure; built once, then only read.

The rule: templates are compared segment by segment from the left, where a literal segment beats one with variables,
more literal characters beat fewer, and then int beats uuid beats slug beats str beats path; when all segments tie, the
route that requires more headers and query parameters wins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from strangler.errors import ConfigError, Problem
from strangler_proxy.routes.clash import clashes_of
from strangler_proxy.routes.condition import Asked
from strangler_proxy.routes.entry import Entry, Match
from strangler_proxy.routes.explanation import Explanation, explain_match
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.target import decoded_path
from strangler_proxy.routes.template import Literal, Segment, TemplateError

__all__ = ["RouteTable"]


class _Branch:
    """A way from one place in the trie to the next, over a segment with variables."""

    __slots__ = ("fits", "node", "segment", "spans")

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.spans = segment.spans
        self.fits: Callable[[str], object] = bool if segment.spans else segment.fits
        self.node = _Node()


class _Group:
    """The ways of one rank, found by the literal text that their segments begin with.

    `lengths` are those that such texts have here.
    """

    __slots__ = ("branches", "lengths", "rank")

    def __init__(self, rank: tuple[int, ...]) -> None:
        self.rank = rank
        self.branches: dict[str, list[_Branch]] = {}
        self.lengths: tuple[int, ...] = ()

    def child(self, segment: Segment) -> _Node:
        """The next place over `segment`, made where there is none yet."""
        first = segment.parts[0]
        beginning = first.text if isinstance(first, Literal) else ""
        branches = self.branches.setdefault(beginning, [])
        for branch in branches:
            if branch.segment.shape == segment.shape:
                return branch.node
        branches.append(_Branch(segment))
        self.lengths = tuple(sorted({len(text) for text in self.branches}))
        return branches[-1].node


class _Node:
    """One place in the trie. `groups` are the ways over segments with variables, the most specific rank first.

    `single` is the way beside the literals where there is only one, for any text that fits it. `tail` are the tests for
    all that is left of a path where there is one way on to one route only, `end`; empty elsewhere.
    """

    __slots__ = ("end", "entries", "groups", "literals", "single", "tail")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.groups: list[_Group] = []
        self.entries: list[Entry] = []
        self.single: _Branch | None = None
        self.tail: tuple[Callable[[str], object], ...] = ()
        self.end: Entry | None = None

    def child(self, segment: Segment) -> _Node:
        """The next place over `segment`, made where there is none yet."""
        if segment.text is not None:
            return self.literals.setdefault(segment.text, _Node())
        group = next((group for group in self.groups if group.rank == segment.rank), None)
        if group is None:
            group = _Group(segment.rank)
            self.groups.append(group)
            self.groups.sort(key=lambda group: group.rank)
        node = group.child(segment)
        self.single = self._only_branch()
        return node

    def _only_branch(self) -> _Branch | None:
        branches = [branch for group in self.groups for each in group.branches.values() for branch in each]
        if len(branches) != 1 or branches[0].spans or "" not in self.groups[0].branches:
            return None
        return branches[0]

    def straighten(self, tails: dict[tuple[Callable[[str], object], ...], tuple[Callable[[str], object], ...]]) -> None:
        """Find `tail` and `end`, here and below. Tails that are alike become one, kept in `tails`."""
        below = [branch.node for group in self.groups for each in group.branches.values() for branch in each]
        for node in (*self.literals.values(), *below):
            node.straighten(tails)
        single = self.single
        if single is None or self.literals or self.entries:
            return
        last = single.node
        if last.tail:
            tail = (single.fits, *last.tail)
            self.end = last.end
        elif len(last.entries) == 1 and not last.literals and not last.groups:
            tail = (single.fits,)
            self.end = last.entries[0]
        else:
            return
        self.tail = tails.setdefault(tail, tail)


class RouteTable:
    """All routes, ready to be asked which of them takes a request.

    Raises ConfigError when a template cannot be read, or when two routes could claim the same request; the problems
    name `file` and the lines of both routes.
    """

    def __init__(self, routes: Sequence[Route], *, file: str = "strangler.toml") -> None:
        self._entries = _entries(routes, file)
        self._rewrites = {entry.route.name: entry.rewrite for entry in self._entries if entry.rewrite is not None}
        self._root = _Node()
        for entry in self._entries:
            node = self._root
            for segment in entry.template.segments:
                node = node.child(segment)
                if segment.spans:
                    break  # from here on slashes separate nothing: the whole expression decides
            node.entries.append(entry)
        self._root.straighten({})

    @property
    def routes(self) -> list[Route]:
        """The routes, the most specific first."""
        return [entry.route for entry in self._entries]

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
        entry = _search(self._root, texts, 0, path, method, Asked(raw_path, raw_query, headers))
        return None if entry is None else Match(entry, texts, path)

    def rewritten(self, match: Match, raw_path: bytes) -> bytes:
        """The path to ask the candidate for: the raw path as it came, or the route's rewrite with its variables.

        A value is percent-encoded anew; in a `path` variable slashes stay slashes. Both forms of a path, with and
        without the last slash, are asked for as the rewrite is written.
        """
        rewrite = self._rewrites.get(match.route.name)
        return raw_path if rewrite is None else rewrite.fill(match.params)

    def explain(
        self, method: str, raw_path: bytes, raw_query: bytes = b"", headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> Explanation:
        """The same question as `match`, answered with its reasons: every rival on this path, and why it lost."""
        match = self.match(method, raw_path, raw_query, headers)
        return explain_match(self._entries, match, method, raw_path, Asked(raw_path, raw_query, headers))


def _search(node: _Node, texts: list[str], depth: int, path: str, method: str, asked: Asked) -> Entry | None:
    """The first entry in the order of all that takes the request, at or below `node`."""
    length = len(texts)
    while depth < length:
        if node.tail:
            # The usual case. Of a thousand routes each has its own places, and none of them is in the processor's
            # caches: so there are as few to look at as can be.
            if len(node.tail) != length - depth:
                return None
            for fits in node.tail:
                if not fits(texts[depth]):
                    return None
                depth += 1
            end = node.end
            return end if end is not None and end.takes(method, asked) else None
        text = texts[depth]
        literal = node.literals.get(text)
        single = node.single
        if single is not None and literal is None:
            # Likewise without the objects that the general case has to go through.
            if not single.fits(text):
                return None
            node = single.node
            depth += 1
            continue
        if not node.groups:
            if literal is None:
                return None
            node = literal
            depth += 1
            continue
        if literal is not None:
            found = _search(literal, texts, depth + 1, path, method, asked)
            if found is not None:
                return found
        for group in node.groups:
            best: Entry | None = None
            for size in group.lengths:
                for branch in group.branches.get(text[:size], ()):
                    if branch.spans:
                        found = _spanning(branch.node, path, method, asked)
                    elif branch.fits(text):
                        found = _search(branch.node, texts, depth + 1, path, method, asked)
                    else:
                        continue
                    if found is not None and (best is None or found.place < best.place):
                        best = found
            if best is not None:
                return best
        return None
    for entry in node.entries:
        if entry.takes(method, asked):
            return entry
    return None


def _spanning(node: _Node, path: str, method: str, asked: Asked) -> Entry | None:
    for entry in node.entries:
        if entry.takes(method, asked) and entry.template.match(path) is not None:
            return entry
    return None


def _entries(routes: Sequence[Route], file: str) -> list[Entry]:
    entries: list[Entry] = []
    problems: list[Problem] = []
    for route in routes:
        try:
            entries.append(Entry(route))
        except TemplateError as error:
            problems.append(Problem(file, route.line, f"routes[{route.name}].path", error.wrong, error.right))
    problems += clashes_of(entries, file)
    if problems:
        raise ConfigError(problems)
    entries.sort(key=lambda entry: (entry.rank, entry.route.name))
    for place, entry in enumerate(entries):
        entry.place = place
    return entries
