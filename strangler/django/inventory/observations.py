"""What ObservedMiddleware kept, joined with the views of the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from strangler.inventory import Observed, View
from strangler.inventory.observed_file import added_up

__all__ = ["observed_in"]


def observed_in(rows: Iterable[Observed], views: Sequence[View], notes: list[str]) -> tuple[Observed, ...]:
    """What was seen of these views, by their keys. What no view has any more becomes a note."""
    keys = _routes(views)
    subtrees = [view.key for view in views if view.kind == "admin"]
    found: list[Observed] = []
    lost: list[str] = []
    for row in rows:
        route = row.key.removeprefix("^")
        key = keys.get(route, next((each for each in subtrees if route.startswith(each)), None))
        if key is None:
            lost.append(row.key)
        else:
            found.append(replace(row, key=key))
    if lost:
        shown = ", ".join(repr(each) for each in sorted(set(lost))[:5])
        notes.append(f"Observed, and of no view of this URLconf: {shown}; {len(set(lost))} in all.")
    return tuple(added_up(found))


def _routes(views: Sequence[View]) -> dict[str, str]:
    """The keys of views by what Django calls their routes, in every language."""
    found: dict[str, str] = {}
    for view in views:
        for form in view.forms:
            for prefix in form.prefixes:
                bare = form.route.removeprefix("^")
                found.setdefault(f"{prefix[1:]}/{bare}" if prefix else bare, view.key)
    return found
