"""A first set of routes for an app of a monolith: its reads with the reasons for each, and why the rest is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from strangler.inventory import Inventory, UrlForm, View
from strangler_proxy.discover.capture import Captures
from strangler_proxy.routes.route import Route
from strangler_proxy.routes.template import TemplateError, parse_template

__all__ = ["StartingRoute", "proposed_routes", "service_of", "starting_routes"]

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_UNNAMED: Final = re.compile(r"[^a-z0-9]+")
_NO_SERVICE: Final = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class StartingRoute:
    """A route to begin with. `reasons` are said above it; with `left_out` it is only proposed, in comments, and why."""

    route: Route
    view: View
    reasons: tuple[str, ...]
    left_out: str = ""


def service_of(app: str) -> str:
    """The name of the upstream for an app's service, which its routes' names begin with: the label, as names may be."""
    return _NO_SERVICE.sub("-", app.lower()).strip("-_") or "app"


def proposed_routes(inventory: Inventory, app: str) -> list[StartingRoute]:
    """The reads of an app under the names that `starting_routes` gives them, without a look at what else each takes."""
    names: set[str] = set()
    return [each for view in inventory.views_of(app) for each in _of_view(view, app, names)]


def starting_routes(inventory: Inventory, app: str, taken: Iterable[Route] = ()) -> list[StartingRoute]:
    """The reads of an app, in the order in which Django tries its views; `taken` are the routes that there are."""
    known = list(taken)
    names = {route.name for route in known}
    found = [each for view in inventory.views_of(app) for each in _of_view(view, app, names)]
    routes = [each.route for each in found if not each.left_out]
    captures = Captures(inventory, [*known, *routes])
    return [_checked(each, captures, known) for each in found]


def _of_view(view: View, app: str, names: set[str]) -> Iterator[StartingRoute]:
    last = view.name.rpartition(":")[2] or view.view.rpartition(".")[2]
    bare = _UNNAMED.sub("-", last.lower()).strip("-") or "view"
    left_out = _why_not(view)
    ways = [(form, prefix, template) for form in view.forms for prefix in form.prefixes for template in form.templates]
    # What no language gets is said once.
    for form, prefix, template in ways[:1] if left_out else ways:
        language = prefix.strip("/").replace("/", "-").lower()
        name = _fresh("-".join(filter(None, (f"{service_of(app)}.{bare}", language))), names)
        route = Route(name, frozenset({"GET"}), prefix + template, service_of(app))
        yield StartingRoute(route, view, tuple(_reasons(view, form, template)), left_out or _unsayable(route))


def _fresh(name: str, names: set[str]) -> str:
    found, number = name, 2
    while found in names:
        found, number = f"{name}-{number}", number + 1
    names.add(found)
    return found


def _reasons(view: View, form: UrlForm, template: str) -> Iterator[str]:
    place = f"{view.file}:{view.line}" if view.line else view.file
    yield f"{view.view}{f' ({place})' if place else ''}"
    if not form.exact:
        yield f"Not quite Django's own pattern, which is {form.route}"
    writes = [each for each in (*view.methods, *view.mentions) if each not in _SAFE]
    if writes:
        yield f"It answers {', '.join(writes)} too: those stay with the monolith until their data has moved."
    if view.login:
        yield f'Only for who is signed in ({", ".join(view.access)}): write identity = "required" before it moves.'
    elif view.access:
        yield f"Looks at who asks ({', '.join(view.access)})."
    if view.cached is not None:
        yield f"Its answers are cached for {view.cached:g} s."
    if view.catch_all:
        yield f"Takes everything below {template.partition('<')[0]}."


def _why_not(view: View) -> str:
    if view.kind == "admin":
        return "An admin site stays with its monolith."
    if not view.takes("GET"):
        return f"It answers no reads, only {', '.join(view.methods)}: writes move once their data has."
    return ""


def _unsayable(route: Route) -> str:
    try:
        parse_template(route.path)
    except TemplateError as error:
        return f"The proxy cannot say its path: {error}."
    return ""


def _checked(each: StartingRoute, captures: Captures, known: Iterable[Route]) -> StartingRoute:
    """Left out where it would take other views along, or where there is a route for its path."""
    if each.left_out:
        return each
    others = [found for found in captures.of(each.route, left=False) if found.methods and found.view is not each.view]
    same = next((route for route in known if route.path == each.route.path and "GET" in route.methods), None)
    why = ""
    if same is not None:
        why = f"The route {same.name} is there already."
    elif others:
        titles = ", ".join(f"{found.view.title} ({found.example})" for found in others[:3])
        why = f"It would take other views along: {titles}."
    return StartingRoute(each.route, each.view, each.reasons, why)
