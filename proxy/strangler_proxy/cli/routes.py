"""`strangler routes`: every route, the most specific first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from strangler.toggles import Snapshot, Toggle
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.present import present_toggles
from strangler_proxy.config import load_config
from strangler_proxy.config.values import Config
from strangler_proxy.routes import RouteTable
from strangler_proxy.routes.route import Route
from strangler_proxy.words import stage_of

__all__ = ["route_json", "routes", "told_stage"]


def told_stage(route: Route, snapshot: Snapshot) -> str:
    """A route's stage in words."""
    if not route.twin:
        return "no twin"
    toggle = snapshot.toggles.get(route.name)
    return "monolith" if toggle is None else stage_of(toggle.to_json())


def _conditions(route: Route) -> str:
    wanted: list[str] = []
    for sign, conditions in (("header ", route.headers), ("?", route.query)):
        wanted += [f"{sign}{name}" + ("" if value is None else f"={value}") for name, value in conditions.items()]
    return " ".join(wanted)


def route_json(route: Route, toggle: Toggle | None) -> dict[str, Any]:
    """A route with its toggle as plain JSON types."""
    stage: Mapping[str, Any] = {"stage": None, "share": None}
    if route.twin:
        stage = {
            "stage": "monolith" if toggle is None else toggle.stage.value,
            "share": 0 if toggle is None else toggle.share,
        }
    return {**route.document(), "line": route.line, **stage}


def _seam_json(name: str, toggle: Toggle | None) -> dict[str, Any]:
    return {
        "name": name,
        "stage": "monolith" if toggle is None else toggle.stage.value,
        "share": 0 if toggle is None else toggle.share,
    }


@click.command(short_help="List the routes with their stages.")
@JSON
@CONFIG
def routes(as_json: bool, config: Path) -> None:
    """List the routes, the most specific first, with their stages as they stand."""
    taken = load_config(config)
    table = RouteTable(taken.routes, file=str(config))
    present = present_toggles(taken, config)
    if as_json:
        print_json(
            {
                "revision": present.snapshot.revision,
                "source": present.source,
                "routes": [route_json(route, present.snapshot.toggles.get(route.name)) for route in table.routes],
                "seams": [_seam_json(seam.name, present.snapshot.toggles.get(seam.name)) for seam in taken.seams],
            }
        )
        return
    _print(taken, table, present.snapshot)
    print_text(f"\n{present}".strip("\n"))


def _print(config: Config, table: RouteTable, snapshot: Snapshot) -> None:
    if not table.routes and not config.seams:
        print_text(f"No routes yet: the monolith answers everything. Add [[routes]] to {config.path}.")
        return
    rows = [
        (
            route.name,
            told_stage(route, snapshot),
            " ".join(sorted(route.methods)),
            f"{route.path} {_conditions(route)}".strip(),
            route.candidate + ("" if route.rewrite is None else f" {route.rewrite}"),
        )
        for route in table.routes
    ]
    rows += [(seam.name, _seam_stage(seam.name, snapshot), "", "(seam)", "") for seam in config.seams]
    print_table(("name", "stage", "methods", "path", "candidate"), rows)
    print_text()


def _seam_stage(name: str, snapshot: Snapshot) -> str:
    toggle = snapshot.toggles.get(name)
    return "monolith" if toggle is None else stage_of(toggle.to_json())
