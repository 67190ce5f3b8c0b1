"""Compare rules: what may differ between the sides, where, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256

from strangler.compare.actions import Action
from strangler.compare.paths import Matcher, PathPattern
from strangler.compare.values import Comparison

__all__ = ["RouteRules", "Rule", "Rules"]


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

    def __str__(self) -> str:
        place = self.path or f"header {self.header}"
        return f"{self.route} {place}: {self.action}"


class RouteRules:
    """The rules of one route, made ready. Numbers are those of the rules in `Rules.rules`."""

    def __init__(self, rules: Iterable[tuple[int, Rule]]) -> None:
        numbered = list(rules)
        self.paths = [(number, rule.action) for number, rule in numbered if rule.path]
        self.headers = [(number, rule.header.lower(), rule.action) for number, rule in numbered if rule.header]
        self.matcher = Matcher([PathPattern(rule.path) for _, rule in numbered if rule.path])

    def at_header(self, name: str, place: str) -> list[tuple[int, Action]]:
        """The rules for a header, or for a place within it; both names in lower case."""
        return [
            (number, action)
            for number, pattern, action in self.headers
            if fnmatchcase(name, pattern) or fnmatchcase(place, pattern)
        ]


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules, in the order of their file. Where two rules of one kind meet at one place, the later one holds; of
    rules that excuse a difference one is enough."""

    rules: tuple[Rule, ...] = ()
    _ready: dict[str, RouteRules] = field(init=False, repr=False, compare=False, hash=False, default_factory=dict)

    @property
    def revision(self) -> str:
        """Twelve hex digits that tell one set of rules from another; the reasons and the layout do not count."""
        text = "\n".join(f"{rule.route}\0{rule.path}\0{rule.header}\0{rule.action!r}" for rule in self.rules)
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    def of_route(self, route: str) -> RouteRules:
        """The rules that hold for a route, by its name; empty for requests outside every route."""
        ready = self._ready.get(route)
        if ready is None:
            chosen = [(number, rule) for number, rule in enumerate(self.rules) if fnmatchcase(route, rule.route)]
            ready = self._ready[route] = RouteRules(chosen)
        return ready

    def unused(self, comparisons: Iterable[Comparison]) -> tuple[Rule, ...]:
        """The rules that no comparison came to a place for: misspelled, or not needed any more.

        Answers equal byte by byte are not looked into, so a rule that only they would match counts as unused.
        """
        used: set[int] = set()
        for comparison in comparisons:
            used |= comparison.matched
        return tuple(rule for number, rule in enumerate(self.rules) if number not in used)
