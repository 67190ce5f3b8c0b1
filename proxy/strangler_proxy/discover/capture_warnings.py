"""Routes that take something else of a monolith than their author will have meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from strangler.errors import Problem
from strangler.inventory import Inventory
from strangler_proxy.discover.capture import Capture, Captures
from strangler_proxy.routes.route import Route

__all__ = ["capture_warnings"]


def capture_warnings(routes: Iterable[Route], inventory: Inventory, file: str) -> list[Problem]:
    """What is worth a second look in the routes of `file`: those that take no view of the monolith, several, a whole
    admin site, or only some of a view's URLs. A route without a twin should take none."""
    taken = list(routes)
    captures = Captures(inventory, taken)
    return [problem for route in taken for problem in _of_route(route, captures.of(route), file)]


def _of_route(route: Route, found: list[Capture], file: str) -> Iterator[Problem]:
    def warning(wrong: str, right: str) -> Problem:
        return Problem(file, route.line, f"routes[{route.name}].path", wrong, right)

    if not route.twin:
        for each in found[:1]:
            takes = "takes" if each.certain else "may take"
            yield warning(
                f"{takes} {_shown(each)}, which the monolith has, and says that it has no twin there",
                "take `twin` out, or give it a path of its own",
            )
        return
    answered = [each for each in found if each.methods]
    if not answered:
        wrong = "takes no URL that the monolith has"
        if found:
            wrong = f"takes {_shown(found[0])}, which does not answer {', '.join(sorted(route.methods))}"
        yield warning(wrong, "look for a slip of the pen; or make the inventory anew, if the monolith has changed")
        return
    for each in answered:
        if each.view.kind == "admin":
            yield warning(f"takes from the admin site: {_path(each.example)} for example", "leave it to the monolith")
    if len({each.what for each in answered}) > 1:
        sure = all(each.certain for each in answered)
        listed = "; ".join(_shown(each) for each in answered[:5])
        more = f"; and {len(answered) - 5} more" if len(answered) > 5 else ""
        yield warning(
            f"{'takes' if sure else 'may take'} {len(answered)} views of the monolith: {listed}{more}",
            "write a path that only one of them has, such as with <int:…>; or know that they move together",
        )
    for each in answered:
        if each.left and each.certain and each.view.kind != "admin":
            yield warning(
                f"takes {_path(each.example)}, and leaves {_path(each.left)} of the same view to the monolith"
                f" ({each.view.title})",
                "write a route for those URLs too, in each language and slash form, or know that they stay",
            )


def _shown(capture: Capture) -> str:
    return f"{capture.view.title} ({_path(capture.example)})"


def _path(path: str) -> str:
    return quote(path, safe="/<>:")
