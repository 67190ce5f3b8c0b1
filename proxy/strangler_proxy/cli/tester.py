"""`strangler tester`: let one person see a side of their choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from strangler.toggles import Side
from strangler_proxy.cli.amounts import lasting
from strangler_proxy.cli.options import CONFIG, JSON, WHY, wait_for
from strangler_proxy.cli.output import print_json, print_pairs, print_table, print_text
from strangler_proxy.cli.remote import control_client, edits_named
from strangler_proxy.words import counted, moment

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

    It counts on routes in stage canary, even at a share of 0%, until it expires or is revoked. Neither the monolith nor
    a service ever sees it.
    """
    with control_client(config) as client, edits_named(config):
        made = client.create_tester(name, routes, side, expires=expires, why=why)
    if as_json:
        print_json(made)
        return
    header, cookie = made["header"], made["cookie"]
    print_pairs(
        [
            ("tester", f"{name}: {side} on {routes} until {moment(made['tester']['expires'])}"),
            ("header", f"{header['name']}: {header['value']}"),
            ("cookie", f"{cookie['name']}={cookie['value']}"),
            ("in a browser", f"document.cookie = '{cookie['name']}={cookie['value']}; path=/; max-age={expires:.0f}'"),
        ]
    )


@tester.command("list", short_help="List testers.")
@JSON
@CONFIG
def listed(as_json: bool, config: Path) -> None:
    """List whose words are good now: sides, routes and times, never the words."""
    with control_client(config) as client:
        found = client.testers()
    if as_json:
        print_json({"testers": found})
    elif not found:
        print_text("There is no tester. `strangler tester create NAME --route GLOB --why ...` signs a word for one.")
    else:
        print_table(("tester", "side", "routes", "good until", "signed by"), (_row(each) for each in found))


@tester.command(short_help="Let a tester's words be good no more.")
@click.argument("name")
@wait_for("the workers have taken it")
@WHY
@JSON
@CONFIG
def revoke(name: str, wait: float, why: str, as_json: bool, config: Path) -> None:
    """Let all words of NAME be good no more: on every worker here at once, on other replicas within a second.

    Ends with 0 when every worker of this replica has taken it, with 3 when one has not in time.
    """
    with control_client(config) as client:
        told = client.revoke_tester(name, why=why, wait_seconds=wait)
    if as_json:
        print_json(told)
    else:
        print_text(f"{counted(told['words'], 'word')} of {name} good no more.")
        if told["missing"]:
            slots = ", ".join(map(str, told["missing"]))
            print_text(f"Not taken in time by worker {slots}: as soon as it is linked again, it is.")
    if told["missing"]:
        raise SystemExit(3)


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    return each["name"], each["side"], each["routes"], moment(each["expires"]), each["by"]
