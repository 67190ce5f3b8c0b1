"""`strangler adopt`: settle a store that is not the one the toggles in force came from."""

from __future__ import annotations

from pathlib import Path

import click

from strangler_proxy.cli.options import CONFIG, JSON, WAIT, WHY
from strangler_proxy.cli.remote import control_client, finish

__all__ = ["adopt"]


@click.command(short_help="Settle a store that was lost or restored.")
@click.argument("keep", type=click.Choice(["snapshot", "store"]))
@WHY
@WAIT
@JSON
@CONFIG
def adopt(keep: str, why: str, wait: float | None, as_json: bool, config: Path) -> None:
    """Settle a store that was lost, or restored from an old backup.

    Until then the toggles in force stay as they are, and moves are refused. `snapshot` makes the store take over what
    is in force, so that nothing moves. `store` puts the store's toggles into force, which may move routes.
    """
    with control_client(config) as client:
        outcome = client.adopt(keep, why=why, wait_seconds=wait)
    finish(outcome, as_json, unmoved="The store agrees with what is in force, and nothing moved")
