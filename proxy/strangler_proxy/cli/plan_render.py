"""`strangler plan render`: the plan with its status written into it, to send around."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from strangler.errors import PlanError, StranglerError
from strangler.inventory import read_inventory
from strangler_proxy.cli.options import CONFIG
from strangler_proxy.cli.plan_desk import PLAN, desk_at
from strangler_proxy.cli.remote import running_config
from strangler_proxy.plan.needless import needless_lines
from strangler_proxy.plan.progress import progress_of
from strangler_proxy.plan.render import markdown_page, picture_of, web_page

__all__ = ["render"]

_TRAFFIC_SECONDS: Final = 86400.0
_TRAFFIC_STEP: Final = 3600


@click.command(short_help="Write the plan with its status and a picture as Markdown or HTML.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="A file that ends in .md (its picture is written beside it) or .html; by default Markdown on standard output.",
)
@click.option(
    "--inventory",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The monolith's inventory: then the picture shows how much of its code nobody needs any more.",
)
@PLAN
@CONFIG
def render(output: Path | None, inventory: Path | None, plan_path: Path | None, config: Path) -> None:
    """Write the plan with where each step stands, how much has moved, and what is stalling.

    The share of traffic is that of the last day.
    """
    if output is not None and output.suffix not in (".md", ".html"):
        raise PlanError(f"{output} is neither Markdown nor HTML.", "Name a file that ends in .md or .html.")
    with desk_at(plan_path, config) as desk:
        if output is not None and output.resolve() == desk.plan.path.resolve():
            raise PlanError(
                f"{output} is the plan itself.", "Name another file: what is written there is not to be edited."
            )
        facts, found = desk.look()
        seen = desk.client.plan(desk.plan.name)
        windows = desk.client.traffic(since=facts.now - _TRAFFIC_SECONDS, step=_TRAFFIC_STEP)
        lines = None
        if inventory is not None:
            lines = needless_lines(read_inventory(inventory), running_config(config, os.environ).routes, facts.toggles)
        progress = progress_of(desk.plan, found, facts, moves=seen["moves"], windows=windows, lines=lines)
    if output is None:
        click.echo(markdown_page(desk.plan, found, progress, facts.now), nl=False)
    elif output.suffix == ".html":
        _write(output, web_page(desk.plan, found, progress, facts.now))
    else:
        drawn = output.with_suffix(".svg")
        _write(drawn, picture_of(progress))
        _write(output, markdown_page(desk.plan, found, progress, facts.now, picture_file=drawn.name))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StranglerError(f"{path} cannot be written: {error.strerror}. Name another file.") from error
