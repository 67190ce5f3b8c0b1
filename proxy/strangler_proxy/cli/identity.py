"""`strangler identity`: the keys that sign who asks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.config import load_config
from strangler_proxy.identity_keys import SETTLING
from strangler_proxy.identity_state import signing_keys
from strangler_proxy.state import StateDir

__all__ = ["identity"]


@click.group(short_help="Show or replace the keys that sign who asks.")
def identity() -> None:
    """The keys of this replica that sign identities for services."""


@identity.command(short_help="Show the public keys.")
@JSON
@CONFIG
def keys(as_json: bool, config: Path) -> None:
    """Show the public keys, newest first: a JWK Set with --json."""
    published = signing_keys(load_config(config)).published(time.time())
    if as_json:
        print_json(published)
        return
    for key in published["keys"]:
        print_text(f"{key['kid']}  {key['x']}")


@identity.command(short_help="Replace the signing key.")
@click.option("--at-once", is_flag=True, help="Believe the old keys no more: when one has got out.")
@JSON
@CONFIG
def rotate(at_once: bool, as_json: bool, config: Path) -> None:
    """Make a new key, and publish it beside the old ones; it signs once services have had time to read it.

    With --at-once the old ones are gone: services refuse what they signed as soon as they have read the keys anew,
    within their `refresh` of 300 seconds, and what the new one signs for up to 10 seconds. Running workers follow
    within 5 seconds.
    """
    loaded = load_config(config)
    StateDir.of(loaded).create()
    now = time.time()
    key = signing_keys(loaded).rotate(now, at_once=at_once)
    signs = now if at_once else now + SETTLING
    at = datetime.fromtimestamp(signs, UTC).isoformat(timespec="seconds")
    outcome: dict[str, Any] = {"kid": key.kid, "signs_from": at}
    if as_json:
        print_json(outcome)
    else:
        print_text(f"The key {key.kid} signs {'from now on' if at_once else f'from {at}'}.")
