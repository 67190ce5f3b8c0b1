"""`strangler session`: who has signed in to the control room."""

from __future__ import annotations

from pathlib import Path

import click

from strangler_proxy.cli.options import CONFIG, JSON, WHY
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.words import counted, moment

__all__ = ["session"]


@click.group(short_help="List and end sessions of the control room.")
def session() -> None:
    """Who has signed in to the control room, with which token.

    To keep somebody out, revoke or rotate the token too: whoever has it can sign in again.
    """


@session.command("list", short_help="List sessions.")
@JSON
@CONFIG
def listed(as_json: bool, config: Path) -> None:
    """List the sessions that are in force, the newest first."""
    with control_client(config) as client:
        found = client.sessions()
    if as_json:
        print_json({"sessions": found})
    elif found:
        rows = ((each["id"], each["who"], each["token"], moment(each["made"]), moment(each["until"])) for each in found)
        print_table(("session", "who", "token", "since", "until"), rows)
    else:
        print_text("Nobody has signed in.")


@session.command(short_help="End sessions.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--token", help="All that were begun with the token of this name.")
@WHY
@JSON
@CONFIG
def end(ids: tuple[str, ...], token: str | None, why: str, as_json: bool, config: Path) -> None:
    """End the sessions of these IDs, or all of a token: at once here, within a second on every other replica."""
    if bool(ids) == (token is not None):
        raise click.UsageError("Say which: the IDs of sessions, or --token NAME. `strangler session list` has both.")
    with control_client(config) as client:
        chosen = list(ids) if token is None else [each["id"] for each in client.sessions() if each["token"] == token]
        ended = client.end_sessions(chosen, why=why) if chosen else []
    if as_json:
        print_json({"ended": ended})
    else:
        print_text(f"{counted(len(ended), 'session')} ended.")
