"""`strangler plan stop`: calling off what the control plane is at."""

from __future__ import annotations

from pathlib import Path

import click

from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.cli.plan_desk import PLAN, desk_at

__all__ = ["stop"]


@click.command(short_help="Call off the step that the control plane is at.")
@PLAN
@JSON
@CONFIG
def stop(plan_path: Path | None, as_json: bool, config: Path) -> None:
    """Call off the step that the control plane applies or undoes, begun in the control room. It ends where it is, and
    whoever applies it next goes on from there: nothing is taken back.

    Ends with 0 when something was called off, with 1 when the control plane is at nothing.
    """
    with desk_at(plan_path, config) as desk:
        called_off = desk.client.plan_call_off(desk.plan.name)
    if as_json:
        print_json({"called_off": called_off})
    else:
        print_text("It is called off, and ends within a second." if called_off else "The control plane is at nothing.")
    raise SystemExit(0 if called_off else 1)
