"""What a route takes of a monolith, told to people and to programs."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

from strangler.errors import StranglerError
from strangler.inventory import Inventory, Lookup
from strangler_proxy.cli.output import print_json, print_pairs, print_table, print_text
from strangler_proxy.config import Config
from strangler_proxy.discover import Capture, Captures
from strangler_proxy.routes.route import Route

__all__ = ["Taken", "explain_route", "told_monolith"]


class Taken:
    """What a route takes: `captures` are views with examples, `beyond` a path that the monolith has no view for."""

    def __init__(self, config: Config, route: Route, inventory: Inventory) -> None:
        captures = Captures(inventory, config.routes)
        self.route = route
        self.captures: Sequence[Capture] = captures.of(route)
        self.beyond = captures.beyond(route)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {"captures": [each.to_json() for each in self.captures], "beyond": self.beyond}

    def print(self) -> None:
        """As a table."""
        if not self.captures:
            print_text("It takes no URL that the monolith has.")
        else:
            print_table(("takes of the monolith", "methods", "for example", "how much"), map(_row, self.captures))
        for each in self.captures:
            if each.redirected:
                print_text(
                    f"It takes {_shown(each.redirected)} too, which the monolith redirects to {_shown(each.example)}:"
                    " the candidate has to answer it."
                )
        if self.beyond is not None:
            print_text(f"It takes {_shown(self.beyond)} too, for which the monolith has no view: its answer is a 404.")


def explain_route(config: Config, name: str, inventory: Inventory | None, as_json: bool) -> None:
    """Tell what the route of that name takes. Raises StranglerError where there is none, or no inventory."""
    route = next((each for each in config.routes if each.name == name), None)
    if route is None:
        near = get_close_matches(name, [each.name for each in config.routes], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise StranglerError(
            f"{config.path} has no route {name!r}.{hint} `strangler routes` lists them; a request is METHOD and PATH."
        )
    if inventory is None:
        raise StranglerError("Say of which monolith, by --inventory FILE; or give a request, as METHOD and PATH.")
    taken = Taken(config, route, inventory)
    if as_json:
        print_json({"route": route.name, **taken.to_json()})
        return
    place = "" if route.line is None else f"  ({config.path}:{route.line})"
    print_pairs([("route", f"{route.name}{place}"), ("template", f"{' '.join(sorted(route.methods))} {route.path}")])
    print_text()
    taken.print()


def told_monolith(inventory: Inventory, path: str | None) -> str:
    """Which view of the monolith a decoded path leads to, in words."""
    found = None if path is None else Lookup(inventory).find(path)
    if found is None:
        return "has no view for this path"
    view = found.view
    redirected = ", after a redirect to the last slash" if found.redirected else ""
    app = f" of {view.app}" if view.app else ""
    return f"{view.title}{app}: {view.view}{redirected}"


def _row(each: Capture) -> tuple[str, str, str, str]:
    app = f" ({each.view.app})" if each.view.app else ""
    return f"{each.view.title}{app}", " ".join(each.methods) or "none", _shown(each.example), _much(each)


def _much(each: Capture) -> str:
    if not each.certain:
        return "may take it: its pattern cannot be decided"
    return f"not {_shown(each.left)}" if each.left else "all of it"


def _shown(path: str) -> str:
    return quote(path, safe="/<>:")
