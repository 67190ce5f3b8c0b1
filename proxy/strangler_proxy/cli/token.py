"""`strangler token`: who may do what at the control plane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from strangler_proxy.cli.amounts import lasting
from strangler_proxy.cli.options import CONFIG, JSON, WHY
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.control.roles import Role
from strangler_proxy.words import moment

__all__ = ["token"]


@click.group(short_help="Make, list, revoke and rotate the control plane's tokens.")
def token() -> None:
    """Who may do what at the control plane: each of you, each pipeline and each monolith has a token of its own.

    Role `view` reads (seams need no more); `operate` moves by the rules; `approve` goes through one-way doors and past
    gates, approves, and gives out tokens. The first token is control.token in the state folder.
    """


@token.command(short_help="Make a token.")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help="What it is good for.")
@click.option(
    "--expires", callback=lasting, metavar="TIME", help="How long it is good, such as 90d.  [default: for ever]"
)
@WHY
@JSON
@CONFIG
def create(name: str, role: str, expires: float | None, why: str, as_json: bool, config: Path) -> None:
    """Make a token called NAME, and print it: this once, for nobody keeps it.

    Standard output has the token alone, for a file or a secret store. The audit names NAME with whatever it does.
    """
    with control_client(config) as client:
        made = client.create_token(name, role, expires=expires, why=why)
    if as_json:
        print_json(made)
        return
    until = made["token"]["expires"]
    lasts = "for ever" if until is None else f"until {moment(until)}"
    click.echo(f"Token {name}, role {role}, good {lasts}. It is shown this once:", err=True)
    click.echo(made["secret"])


@token.command("list", short_help="List tokens.")
@JSON
@CONFIG
def listed(as_json: bool, config: Path) -> None:
    """List the tokens but the first: roles, times, and when each was last shown to this replica."""
    with control_client(config) as client:
        found = client.tokens()
    if as_json:
        print_json({"tokens": found})
        return
    if not found:
        print_text("There is none but the first, control.token. `strangler token create NAME --role ROLE` makes one.")
        return
    print_table(("token", "role", "made by", "good until", "last used here"), (_row(each) for each in found))


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    until = "for ever" if each["expires"] is None else moment(each["expires"])
    over = "" if each["in_force"] else "  (over)"
    used = "-" if each["used"] is None else moment(each["used"])
    return each["name"], each["role"], each["by"], f"{until}{over}", used


@token.command(short_help="Let a token be good no more.")
@click.argument("name")
@WHY
@JSON
@CONFIG
def revoke(name: str, why: str, as_json: bool, config: Path) -> None:
    """Let the token NAME be good no more: at once here, within a second on every other replica."""
    with control_client(config) as client:
        client.revoke_token(name, why=why)
    if as_json:
        print_json({"revoked": name})
    else:
        print_text(f"Token {name} is good no more.")


@token.command(short_help="Give a token another secret.")
@click.argument("name")
@click.option(
    "--grace", callback=lasting, default="0s", metavar="TIME", show_default=True, help="How long the old one is good."
)
@WHY
@JSON
@CONFIG
def rotate(name: str, grace: float, why: str, as_json: bool, config: Path) -> None:
    """Give the token NAME another secret, and print it, as `create` does. NAME may be control.token.

    The old one is good for --grace besides, so that whoever has it can be given the new one without haste.
    control.token has no grace, and is printed nowhere: its file is written anew, where commands and seams read it.
    """
    with control_client(config) as client:
        secret = client.rotate_token(name, grace=grace, why=why)
    if as_json:
        print_json({"rotated": name, "secret": secret})
    elif name == "control.token":
        print_text("control.token in the state folder is another one, and in force.")
    else:
        click.echo(f"Token {name} is another one. It is shown this once:", err=True)
        click.echo(secret)
