"""`strangler history`: who moved what, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json
from strangler_proxy.cli.remote import control_client
from strangler_proxy.cli.told import stage_of
from strangler_proxy.plain import plain

__all__ = ["history"]


def told_entry(entry: Mapping[str, Any]) -> str:
    """One line of the audit, and its reason below."""
    at = datetime.fromisoformat(entry["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    before = "new" if entry["from"] is None else stage_of(entry["from"])
    forced = "  FORCED" if entry["forced"] else ""
    return (
        f"{entry['revision']:>5}  {at}  {plain(entry['name'])}: {before} -> {stage_of(entry['to'])}{forced}\n"
        f"       {plain(entry['who'])}: {plain(entry['why'])}"
    )


@click.command(short_help="Show who moved what, when and why.")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most so many entries.")
@JSON
@CONFIG
def history(name: str | None, limit: int, as_json: bool, config: Path) -> None:
    """Show who moved what, when and why, newest first.

    NAME may be a glob such as `catalog.*`; without one, all are shown.
    """
    with control_client(config) as client:
        entries = client.history(name, limit=limit)
    if as_json:
        print_json({"entries": entries})
        return
    for entry in entries:
        click.echo(told_entry(entry))
    if not entries:
        click.echo("Nothing has moved yet." if name is None else f"Nothing has moved {plain(name)} yet.")
