"""Compare rules: what may differ between the sides, where, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final

from strangler.compare.actions import Action, Excuse, Grade, Ids, Ignore, ListOrder, TimeTolerance, UrlHost
from strangler.compare.id_map import IdTable, MemoryIdMap
from strangler.compare.paths import Matcher, PathPattern
from strangler.compare.redaction import Redaction
from strangler.compare.values import Comparison, Severity

__all__ = ["RouteRules", "Rule", "Rules", "Ruling"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: for routes whose names match the glob `route`, at a JSON `path` or a `header`, do `action`; and why.

    Exactly one of `path` and `header` is given. `header` is a name, or a place within it as differences name it
    (`Set-Cookie.sessionid`), and may be a glob. `line` is where the rule stands in its file.
    """

    action: Action
    why: str
    route: str = "*"
    path: str = ""
    header: str = ""
    line: int | None = field(default=None, compare=False)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell what the rule does and where, whatever its number, its line and its reason."""
        return _digest(f"{self.route}\0{self.path}\0{self.header}\0{self.action!r}")

    def __str__(self) -> str:
        place = self.path or f"header {self.header}"
        return f"{self.route} {place}: {self.action}"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What all rules that meet at one place come to together. Numbers are those of the rules in `Rules.rules`."""

    numbers: frozenset[int] = frozenset()
    ignored: bool = False
    severity: Severity | None = None
    order: ListOrder | None = None
    ids: Ids | None = None
    excuses: tuple[Excuse, ...] = ()

    @classmethod
    def of(cls, rules: Iterable[tuple[int, Action]]) -> Ruling:
        """Of two rules of one kind the later one holds; of those that excuse a difference one is enough."""
        found: dict[str, Any] = {}
        numbers: set[int] = set()
        excuses: list[Excuse] = []
        for number, action in rules:
            numbers.add(number)
            if isinstance(action, Ignore):
                found["ignored"] = True
            elif isinstance(action, Grade):
                found["severity"] = action.severity
            elif isinstance(action, ListOrder):
                found["order"] = action
            elif isinstance(action, Ids):
                found["ids"] = action
            else:
                excuses.append(action)
        return cls(numbers=frozenset(numbers), excuses=tuple(excuses), **found)


_NO_RULING: Final = Ruling()


class RouteRules:
    """The rules of one route, made ready. `for_headers` says whether there are any for headers, `ids` has the numbers
    of the paths, as the matcher counts, that hold ids. `exact` says that none lets hosts of URLs or times differ."""

    def __init__(self, rules: Iterable[tuple[int, Rule]]) -> None:
        numbered = list(rules)
        self._paths = [(number, rule.action) for number, rule in numbered if rule.path]
        self._headers = [(number, rule.header.lower(), rule.action) for number, rule in numbered if rule.header]
        self.for_headers = bool(self._headers)
        self.matcher = Matcher([PathPattern(rule.path) for _, rule in numbered if rule.path])
        self.ids = frozenset(at for at, (_, action) in enumerate(self._paths) if isinstance(action, Ids))
        self.exact = not any(isinstance(rule.action, UrlHost | TimeTolerance) for _, rule in numbered)
        self._rulings: dict[tuple[int, ...], Ruling] = {(): _NO_RULING}

    def ruling(self, matched: tuple[int, ...]) -> Ruling:
        """What the paths that match at one place come to, by their numbers as the matcher counts."""
        found = self._rulings.get(matched)
        if found is None:
            found = self._rulings[matched] = Ruling.of(self._paths[at] for at in matched)
        return found

    def at_header(self, name: str, place: str) -> Ruling:
        """What the rules for a header, or for a place within it, come to; both names in lower case."""
        if not self._headers:
            return _NO_RULING
        return Ruling.of(
            (number, action)
            for number, pattern, action in self._headers
            if fnmatchcase(name, pattern) or fnmatchcase(place, pattern)
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules, in the order of their file. Where two rules of one kind meet at one place, the later one holds; of
    rules that excuse a difference one is enough.

    `tables` are the ids that are known to belong together. `redactions` say what must not be stored of an answer; they
    are no part of a comparison, and so none of its revision.
    """

    rules: tuple[Rule, ...] = ()
    tables: tuple[IdTable, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    _ready: dict[str, RouteRules] = field(init=False, repr=False, compare=False, hash=False, default_factory=dict)
    _known: list[MemoryIdMap] = field(init=False, repr=False, compare=False, hash=False, default_factory=list)

    @property
    def known(self) -> MemoryIdMap:
        """The map of the tables alone, made once: not to be taught anything."""
        if not self._known:
            self._known.append(self.id_map())
        return self._known[0]

    @property
    def revision(self) -> str:
        """Twelve hex digits that tell one set of rules from another; the reasons and the layout do not count."""
        tables = (f"{each.space}\0{each.complete}\0{each.pairs!r}" for each in self.tables)
        return _digest("\n".join([*(rule.fingerprint for rule in self.rules), *tables]))

    def of_route(self, route: str) -> RouteRules:
        """The rules that hold for a route, by its name; empty for requests outside every route."""
        ready = self._ready.get(route)
        if ready is None:
            chosen = [(number, rule) for number, rule in enumerate(self.rules) if fnmatchcase(route, rule.route)]
            ready = self._ready[route] = RouteRules(chosen)
        return ready

    def id_map(self, learned: Mapping[str, Any] | None = None) -> MemoryIdMap:
        """A new map that knows the tables, and what another one has `learned`. Raises ValueError where that is none."""
        return MemoryIdMap(self.tables, learned=learned)

    def fingerprints(self, comparison: Comparison) -> frozenset[str]:
        """The rules that a comparison came to a place for, by their fingerprints: to be counted where processes that
        read their rules at different times come together."""
        return frozenset(self.rules[number].fingerprint for number in comparison.matched)

    def unused(self, comparisons: Iterable[Comparison]) -> tuple[Rule, ...]:
        """The rules that no comparison came to a place for: misspelled, or not needed any more.

        Answers equal byte by byte are not looked into, so a rule that only they would match counts as unused.
        """
        used: set[int] = set()
        for comparison in comparisons:
            used |= comparison.matched
        return tuple(rule for number, rule in enumerate(self.rules) if number not in used)

    def unmatched(self, fingerprints: Collection[str]) -> tuple[Rule, ...]:
        """`unused`, by the fingerprints of all rules that were used."""
        return tuple(rule for rule in self.rules if rule.fingerprint not in fingerprints)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
