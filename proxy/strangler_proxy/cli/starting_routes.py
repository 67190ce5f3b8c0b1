"""Starting routes as text for strangler.toml, and how they come into one."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strangler.errors import StranglerError
from strangler.inventory import Inventory, read_inventory
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.config.reader import read_config
from strangler_proxy.discover.starting_routes import StartingRoute, service_of, starting_routes
from strangler_proxy.plain import plain, reason
from strangler_proxy.words import counted

__all__ = ["WithRoutes", "add_routes", "routes_for", "told_apps"]


@dataclass(frozen=True, slots=True)
class WithRoutes:
    """A configuration's text with the routes in it, and those routes, the ones that are left out too."""

    text: str
    routes: Sequence[StartingRoute]

    @property
    def written(self) -> list[StartingRoute]:
        """Those that are in force."""
        return [each for each in self.routes if not each.left_out]


def told_apps(inventory: Inventory) -> str:
    """Which apps have views, in a sentence: for whoever named another."""
    labels = sorted({view.app for view in inventory.views if view.app})
    return f"Apps with views: {', '.join(labels)}." if labels else "No app has views: they are all the project's own."


def routes_for(text: str, file: Path, inventory_file: Path, app: str, candidate: str) -> WithRoutes:
    """`text` (of `file`) with the routes of an app behind it. Raises StranglerError for an app without views, and
    ConfigError where a file is wrong or would become so."""
    inventory = read_inventory(inventory_file)
    config = read_config(text, file, os.environ)
    found = starting_routes(inventory, app, config.routes)
    if not found:
        raise StranglerError(f"{inventory_file} has no view of an app {app!r}. {told_apps(inventory)}")
    upstream = None if service_of(app) in config.upstreams else candidate
    made = f"{text.rstrip()}\n\n{_routes_text(app, found, upstream)}"
    read_config(made, file, os.environ)
    return WithRoutes(made, found)


def add_routes(file: Path, inventory_file: Path, app: str, candidate: str, as_json: bool) -> None:
    """Put the routes of an app at the end of a configuration that is there. Raises as `routes_for` does."""
    try:
        text = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise StranglerError(f"{file} cannot be read: {reason(error)}.") from error
    made = routes_for(text, file, inventory_file, app, candidate)
    if made.written:
        try:
            file.write_text(made.text, encoding="utf-8")
        except OSError as error:
            raise StranglerError(f"{file} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json({"file": str(file), "routes": [_json(each) for each in made.routes]})
        return
    if not made.written:
        print_text(f"{file} is as it was: there is no read of {app} that it has no route for.")
    else:
        print_text(f"{file} has {counted(len(made.written), 'route')} more, all at stage monolith. Read them through.")
    for each in made.routes:
        if each.left_out:
            print_text(f"left out: {each.route.path} ({each.view.title}). {each.left_out}")
    for line in ("Next:", f"  strangler check --inventory {shlex.quote(str(inventory_file))}", "  strangler reload"):
        print_text(line)


def _json(each: StartingRoute) -> Mapping[str, Any]:
    return {**each.route.document(), "reasons": list(each.reasons), "left_out": each.left_out or None}


def _routes_text(app: str, found: Sequence[StartingRoute], candidate: str | None) -> str:
    count = sum(not each.left_out for each in found)
    lines = [f"# {plain(app)}: {counted(count, 'route')} for its reads, written from the inventory."]
    lines.append("# Read them through, and take out what should stay with the monolith.")
    if candidate is not None:
        lines += ["", f"[upstreams.{service_of(app)}]", f"url = {_text(candidate)}"]
    before: tuple[str, ...] = ()
    for each in found:
        lines += ["", *_route(each, same=each.reasons == before)]
        before = each.reasons
    return "\n".join(lines) + "\n"


def _route(each: StartingRoute, *, same: bool) -> Iterator[str]:
    yield from ["# The same."] if same else (f"# {plain(reason)}" for reason in each.reasons)
    before = ""
    if each.left_out:
        yield f"# LEFT OUT: {plain(each.left_out)}"
        before = "# "
    yield f"{before}[[routes]]"
    yield f"{before}name = {_text(each.route.name)}"
    yield f"{before}methods = [{_listed(each.route.methods)}]"
    yield f"{before}path = {_text(each.route.path)}"
    yield f"{before}candidate = {_text(each.route.candidate)}"


def _listed(methods: Iterable[str]) -> str:
    return ", ".join(_text(method) for method in sorted(methods))


def _text(value: str) -> str:
    # A JSON text is a TOML one as long as what is not ASCII stays as it is.
    return json.dumps(value, ensure_ascii=False)
