"""`strangler back`: to the monolith, now."""

from __future__ import annotations

from pathlib import Path

import click

from strangler_proxy.cli.options import CONFIG, JSON, WAIT, WHY
from strangler_proxy.cli.remote import control_client, edits_named, finish

__all__ = ["back"]


@click.command(short_help="Take routes and seams back to the monolith.")
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every route and seam that is not retired.")
@WHY
@WAIT
@JSON
@CONFIG
def back(names: tuple[str, ...], everything: bool, why: str, wait: float | None, as_json: bool, config: Path) -> None:
    """Take NAME back to the monolith, from whatever stage: the kill switch.

    NAME may be a glob such as `catalog.*`. Ends with 0 when every worker has acknowledged, with 3 when one has not,
    with 1 when --all moved all but what a guard keeps back, which is told.
    """
    if everything == bool(names):
        raise click.UsageError("Say which: a NAME, or --all.")
    with control_client(config) as client, edits_named(config):
        outcome = client.back(None if everything else names, why=why, wait_seconds=wait)
    finish(outcome, as_json)
