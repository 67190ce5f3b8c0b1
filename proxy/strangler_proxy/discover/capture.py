"""What routes take of a monolith: which of its views, by which URLs, and what of them is left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from strangler.inventory import Inventory, UrlForm, View
from strangler.inventory.characters import ALPHABET
from strangler.inventory.lookup import Lookup, literal_start
from strangler_proxy.discover.automaton import Automaton, Undecided, automaton_of, common_word
from strangler_proxy.routes.entry import Entry
from strangler_proxy.routes.overlap import apart
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.template import Template, parse_template

__all__ = ["Capture", "Captures"]

# An example with a line end in it convinces nobody.
_PLAIN: Final = frozenset(each for each in ALPHABET if each.isprintable())
# Routes and views that stand before another's pattern, and are left out of it one by one.
_MOST_REFINED: Final = 100


@dataclass(frozen=True, slots=True)
class Capture:
    """A view of the monolith some of whose URLs a route takes.

    `example` is such a path, `left` one of the view's that none of the routes takes, empty where there is none.
    `methods` are those of the route that the view answers. `redirected` is a path that the route takes too, and that
    the monolith redirects to the view by its last slash, empty for none. With `certain` False its pattern could not be
    decided: the route may take its URLs.
    """

    view: View
    methods: tuple[str, ...]
    example: str
    left: str = ""
    redirected: str = ""
    certain: bool = True

    @property
    def what(self) -> tuple[Any, ...]:
        """The same for patterns that one and the same thing answers, such as a path with and without its last slash."""
        return self.view.view, tuple(sorted(self.view.actions.items())) or self.view.kind

    def to_json(self) -> dict[str, Any]:
        """The capture as plain JSON types."""
        return {
            "view": self.view.view,
            "name": self.view.name,
            "key": self.view.key,
            "app": self.view.app,
            "kind": self.view.kind,
            "file": self.view.file,
            "line": self.view.line,
            "methods": list(self.methods),
            "example": self.example,
            "whole": not self.left,
            "left": self.left or None,
            "redirected": self.redirected or None,
            "certain": self.certain,
        }


class Captures:
    """What each of `routes` takes of the monolith of `inventory`, as they stand together."""

    def __init__(self, inventory: Inventory, routes: Iterable[Route]) -> None:
        self._views = inventory.views
        self._lookup = Lookup(inventory)
        self._entries = {route.name: Entry(route) for route in routes}
        expressions = [form.regex for view in self._views for form in view.forms]
        texts = [*expressions, *(entry.route.path for entry in self._entries.values())]
        self._alphabet = _PLAIN | {each for text in texts for each in text if not each.isascii()}

    def of(self, route: Route, *, left: bool = True) -> list[Capture]:
        """The views that a route takes something of, in the order in which Django tries them.

        Without `left` nobody looks for what is left of them, which takes most of the time.
        """
        entry = self._entries.get(route.name) or Entry(route)
        wanted = self._of_template(entry.template)
        others = [each for each in self._entries.values() if each is not entry and _covers(each, entry)]
        found = (self._capture(view, entry, wanted, others, left) for view in self._views)
        return [each for each in found if each is not None]

    def beyond(self, route: Route) -> str | None:
        """A path that a route takes and the monolith has no view for; None where there is none, or none was found."""
        entry = self._entries.get(route.name) or Entry(route)
        try:
            views = [
                self._of_form(form, slash=True) for capture in self.of(route, left=False) for form in capture.view.forms
            ]
            found = common_word([self._of_template(entry.template)], [each for each in views if each.exact])
        except Undecided:
            return None
        return found if found is not None and self._lookup.find(found) is None else None

    def _capture(
        self, view: View, entry: Entry, wanted: Automaton, others: Sequence[Entry], look: bool
    ) -> Capture | None:
        rivals = [each for each in others if each.rank < entry.rank]
        taken = [self._found(view, form, [wanted], rivals) for form in view.forms if _meets(form, entry.template)]
        examples = [(path, sure) for path, sure in taken if path]
        if not examples:
            return None
        # What is left is asked for where something was taken: to walk over a pattern costs time.
        left, certain = "", all(sure for _, sure in examples)
        for form in view.forms if look else ():
            rest, sure = ("", True) if left else self._found(view, form, [], [entry, *others])
            left, certain = left or rest, certain and (sure or not _meets(form, entry.template))
        example = examples[0][0]
        methods = tuple(sorted(each for each in entry.methods if view.takes(each)))
        return Capture(view, methods, example, left, self._redirected(view, example), certain)

    def _found(
        self, view: View, form: UrlForm, wanted: Sequence[Automaton], unwanted: Sequence[Entry]
    ) -> tuple[str, bool]:
        """A path of a form that `wanted` take and the routes `unwanted` do not, and that no earlier view answers, and
        whether that is sure; empty for none."""
        try:
            own = self._of_form(form)
            # What takes an example away is walked along from then on: of all routes and views most never do.
            refused: list[Automaton] = []
            for _ in range(_MOST_REFINED):
                path = common_word([own, *wanted], refused)
                if path is None:
                    return "", True
                owner = next((each for each in unwanted if each.template.match(path) is not None), None)
                if owner is not None:
                    refused.append(self._of_template(owner.template))
                    continue
                other = self._lookup.taking(path)
                if other is view:
                    return path, own.exact
                if other is None:
                    # The pattern says more than an automaton can hold, and does not match this one path.
                    return path, False
                earlier = [self._of_form(each) for each in other.forms]
                if not all(each.exact for each in earlier):
                    return path, False
                refused += earlier
        except Undecided:
            pass
        return next(iter(form.localised), form.route) if wanted else "", False

    def _redirected(self, view: View, example: str) -> str:
        bare = example.rstrip("/")
        found = self._lookup.find(bare) if bare and bare != example else None
        return bare if found is not None and found.redirected and found.view is view else ""

    def _of_template(self, template: Template) -> Automaton:
        return automaton_of(_expression(template), self._alphabet)

    def _of_form(self, form: UrlForm, *, slash: bool = False) -> Automaton:
        """With `slash`, its paths without their last slash too."""
        before = "" if form.prefixes == ("",) else f"(?:{'|'.join(re.escape(each) for each in form.prefixes)})"
        after = "?" if slash and form.regex.endswith("/") else ""
        return automaton_of(before + form.regex + after, self._alphabet)


def _expression(template: Template) -> str:
    """What a path matches that the template owns, with and without its last slash."""
    if template.text == "/":
        return "/"
    return f"/{'/'.join(segment.expression for segment in template.segments)}/?"


def _covers(other: Entry, entry: Entry) -> bool:
    """Whether another route takes whatever this one takes, as long as the paths are the same."""
    return other.conditions is None and other.methods >= entry.methods


def _meets(form: UrlForm, template: Template) -> bool:
    """Whether there is no cheap proof that they have no path in common, as for nearly all of a large monolith."""
    start, own = literal_start(_expression(template)), literal_start(form.regex)
    if not any((prefix + own).startswith(start) or start.startswith(prefix + own) for prefix in form.prefixes):
        return False
    return not form.exact or not all(apart(_parsed(text), template) for text in form.localised)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Template:
    return parse_template(text)
