"""How much of the monolith's code nobody needs any more, by its inventory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from strangler.inventory import Inventory
from strangler.toggles import Stage
from strangler_proxy.discover import Captures
from strangler_proxy.plan.facts import ToggleSeen
from strangler_proxy.plan.progress import Part
from strangler_proxy.routes.route import Route

__all__ = ["needless_lines"]

_NO_WORK_OF_ITS_OWN: Final = frozenset({"HEAD", "OPTIONS"})


def needless_lines(inventory: Inventory, routes: Iterable[Route], toggles: Mapping[str, ToggleSeen]) -> Part:
    """The lines of the team's own apps that only retired routes lead to.

    An app is needed where one of its views is not taken whole, with all its methods, by retired routes, where it has a
    command, a task or a receiver, or where an app that is needed imports it. So code is called needless an app at a
    time: less than there may be, and never more.
    """
    own = {app.label: app for app in inventory.apps if app.origin == "project"}
    taken = _taken(inventory, list(routes), toggles)
    needed = {
        view.app
        for view in inventory.views
        if not view.methods or set(view.methods) - _NO_WORK_OF_ITS_OWN - taken.get(view.key, set())
    }
    needed |= {each.app for each in inventory.commands}
    needed |= {each.app for each in inventory.tasks}
    needed |= {each.app for each in inventory.receivers}
    # The project's own modules, which belong to no app, run whatever is left.
    needed.add("")
    while more := {each.target for each in inventory.imports if each.source in needed} - needed:
        needed |= more
    whole = sum(app.lines for app in own.values())
    needless = sum(own[label].lines for label in own.keys() - needed)
    return Part("the monolith's lines that nobody needs", needless, whole, "lines")


def _taken(inventory: Inventory, routes: list[Route], toggles: Mapping[str, ToggleSeen]) -> dict[str, set[str]]:
    """By view the methods with which retired routes take all of its URLs."""
    captures = Captures(inventory, routes)
    taken: dict[str, set[str]] = {}
    for route in routes:
        toggle = toggles.get(route.name)
        if toggle is None or toggle.reached[0] is not Stage.RETIRED:
            continue
        for capture in captures.of(route):
            if capture.certain and not capture.left:
                taken.setdefault(capture.view.key, set()).update(capture.methods)
    return taken
