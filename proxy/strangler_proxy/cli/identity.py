"""`strangler identity`: the keys that sign who asks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.config import load_config
from strangler_proxy.identity_keys import SETTLING, SigningKey
from strangler_proxy.identity_state import signing_keys
from strangler_proxy.state import StateDir
from strangler_proxy.words import moment

__all__ = ["identity"]


@click.group(short_help="Show or replace the keys that sign who asks.")
def identity() -> None:
    """The keys of this replica that sign identities for services."""


@identity.command(short_help="Show the public keys.")
@JSON
@CONFIG
def keys(as_json: bool, config: Path) -> None:
    """Show the public keys, newest first, and which of them signs: a JWK Set with --json."""
    now = time.time()
    loaded = load_config(config)
    StateDir.of(loaded).create()
    kept = signing_keys(loaded)
    if as_json:
        print_json(kept.published(now))
        return
    listed = kept.listed(now)
    signing = next(key for key, signs in listed if signs)

    def state(key: SigningKey) -> str:
        if key is signing:
            return "signs"
        return f"signs from {moment(key.made + SETTLING)}" if key.made > signing.made else "still believed"

    print_table(("key", "state", "public half"), ((key.kid, state(key), key.public_jwk()["x"]) for key, _ in listed))


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
    kept = signing_keys(loaded)
    key = kept.rotate(now, at_once=at_once)
    # The first key of all has none beside it that could sign until it is known.
    signs_now = any(signs for each, signs in kept.listed(now) if each.kid == key.kid)
    signs = now if signs_now else now + SETTLING
    outcome: dict[str, Any] = {
        "kid": key.kid,
        "signs_from": datetime.fromtimestamp(signs, UTC).isoformat(timespec="seconds"),
    }
    if as_json:
        print_json(outcome)
    else:
        begins = "from now on" if signs_now else f"from {moment(signs)} on"
        print_text(f"The key {key.kid} signs {begins}. `strangler identity keys` shows all.")
