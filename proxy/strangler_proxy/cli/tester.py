"""`strangler tester`: let one person see a side of their choice."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from strangler.toggles import Side
from strangler_proxy.cli.amounts import lasting
from strangler_proxy.cli.options import CONFIG, JSON, WHY
from strangler_proxy.cli.output import print_json, print_pairs
from strangler_proxy.cli.remote import control_client, edits_named

__all__ = ["tester"]


@click.group(short_help="Let one person see a side of their choice.")
def tester() -> None:
    """Signed words that give whoever has them one side of routes in a canary, whatever the share."""


@tester.command(short_help="Sign a word for a tester.")
@click.argument("name")
@click.option("--route", "routes", required=True, metavar="GLOB", help="The routes that it counts on.")
@click.option(
    "--side",
    type=click.Choice([side.value for side in Side]),
    default=Side.CANDIDATE.value,
    show_default=True,
    help="Who is to answer.",
)
@click.option(
    "--expires", callback=lasting, default="8h", show_default=True, metavar="TIME", help="How long, at most 30d."
)
@WHY
@JSON
@CONFIG
def create(name: str, routes: str, side: str, expires: float, why: str, as_json: bool, config: Path) -> None:
    """Sign a word for NAME, to be sent as a header or as a cookie.

    It counts on routes in stage canary, even at a share of 0%, until it expires; it cannot be called back. Neither
    the monolith nor a service ever sees it.
    """
    with control_client(config) as client, edits_named(config):
        made = client.create_tester(name, routes, side, expires=expires, why=why)
    if as_json:
        print_json(made)
        return
    header, cookie = made["header"], made["cookie"]
    until = datetime.fromisoformat(made["tester"]["expires"])
    print_pairs(
        [
            ("tester", f"{name}: {side} on {routes} until {until.astimezone():%Y-%m-%d %H:%M:%S}"),
            ("header", f"{header['name']}: {header['value']}"),
            ("cookie", f"{cookie['name']}={cookie['value']}"),
            ("in a browser", f"document.cookie = '{cookie['name']}={cookie['value']}; path=/; max-age={expires:.0f}'"),
        ]
    )
