"""`strangler serve`: the proxy in front of the monolith."""

from __future__ import annotations

import json
import os
import socket
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click

from strangler import __version__
from strangler_proxy.cli.options import CONFIG, EDIT_RULES, JSON
from strangler_proxy.cli.takeover import prove_take_over, take_over
from strangler_proxy.config import load_config
from strangler_proxy.config.upstreams import Upstream
from strangler_proxy.journal import log_to_stderr
from strangler_proxy.plain import plain, reason
from strangler_proxy.supervisor import Started, Supervisor

__all__ = ["serve"]

_SECONDS: Final = 1.0


def is_compiled(module: str = "strangler_proxy.downstream") -> bool:
    """Whether this is the build whose hot modules are compiled."""
    spec = find_spec(module)
    return spec is not None and (spec.origin or "").endswith(tuple(EXTENSION_SUFFIXES))


def start_block(started: Started, config: Path, monolith: str) -> str:
    """What `strangler serve` says at its start. It names the token's file, never the token."""
    revision = "new: everything is answered by the monolith" if started.revision is None else str(started.revision)
    workers = "1 worker" if started.workers == 1 else f"{started.workers} workers"
    rows = [
        ("customers", f"{started.scheme}://{started.listen}  ({workers})"),
        ("monolith", monolith),
        ("control", f"{started.control_scheme}://{started.control}"),
        ("room", f"{started.control_scheme}://{started.control}/room/"),
        ("config", str(config)),
        ("state", str(started.state.path)),
        ("token", "from STRANGLER_TOKEN" if started.token is None else str(started.token)),
        ("revision", revision),
        ("program", f"{__version__}, {'compiled' if is_compiled() else 'plain Python'}"),
    ]
    return "\n".join(["Strangler is serving", *(f"  {name:<10} {plain(value)}" for name, value in rows)])


def start_document(started: Started, config: Path, monolith: str) -> dict[str, Any]:
    """The same as plain JSON types: one object on one line, for whatever started the proxy."""
    return {
        "listen": f"{started.scheme}://{started.listen}",
        "workers": started.workers,
        "monolith": monolith,
        "control": f"{started.control_scheme}://{started.control}",
        "room": f"{started.control_scheme}://{started.control}/room/",
        "config": str(config),
        "state": str(started.state.path),
        "token_file": None if started.token is None else str(started.token),
        "revision": started.revision,
        "version": __version__,
        "compiled": is_compiled(),
    }


def told_monolith(monolith: Upstream) -> str:
    """Where the monolith is, and whether nobody listens there yet."""
    why = ""
    for address in monolith.addresses:
        try:
            socket.create_connection((address.host, address.port), timeout=_SECONDS).close()
        except OSError as error:
            why = f"  (does not answer yet: {reason(error)})"
        else:
            return str(monolith)
    return f"{monolith}{why}"


@click.command()
@click.option("--prove", is_flag=True, hidden=True, help="Say whether this program could take over what is handed in.")
@click.option("--taken-over", type=int, hidden=True, help="The hand-over document of the program before, inherited.")
@click.option(
    "--edit-rules",
    is_flag=True,
    envvar=EDIT_RULES,
    help="Let the API and the page write the file of the compare rules.",
)
@JSON
@CONFIG
def serve(config: Path, as_json: bool, edit_rules: bool, prove: bool, taken_over: int | None) -> None:
    """Serve customers, and keep serving them.

    Starts a control plane and the workers, and starts them again when they die. SIGTERM or Ctrl-C lets the answers
    under way end first; a second one does not wait. SIGHUP does what `strangler reload` does, and SIGUSR2 what
    `strangler reload --program` does.
    """
    if prove:
        prove_take_over(config, sys.stdin.read())
        return
    if taken_over is not None:
        log_to_stderr("supervisor")
        take_over(config, taken_over)
        return
    taken = load_config(config)
    if edit_rules:
        os.environ[EDIT_RULES] = "1"
    log_to_stderr("supervisor")

    def tell(started: Started) -> None:
        monolith = taken.upstreams[taken.monolith]
        if as_json:
            click.echo(json.dumps(start_document(started, config, str(monolith))))
        else:
            # Standard output has the access log, which is to be read as it stands.
            click.echo(start_block(started, config, told_monolith(monolith)), err=True)

    Supervisor(taken).run(tell)
