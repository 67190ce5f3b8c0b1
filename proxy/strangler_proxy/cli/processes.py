"""The processes that `strangler serve` starts; hidden, for nobody starts them by hand."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import click

from strangler.errors import StranglerError
from strangler_proxy.cli.options import EDIT_RULES
from strangler_proxy.config.reader import load_config, read_config
from strangler_proxy.config.values import Config
from strangler_proxy.journal import log_to_stderr
from strangler_proxy.life import Tie
from strangler_proxy.supervisor import COMPARER_SECONDS, CONTROL_SECONDS

__all__ = ["comparer", "control", "worker"]

_CONFIG = click.option("-c", "--config", type=click.Path(path_type=Path), required=True)
_ACCEPTED = click.option("--accepted", type=click.Path(path_type=Path), help="The text to take for that file's.")
_FD = click.option("--fd", type=int, required=True, multiple=True, help="A listening socket, inherited.")
_LIFE = click.option("--life", type=int, help="The tie to the supervisor, inherited.")


@click.command(hidden=True)
@_CONFIG
@_ACCEPTED
@_FD
@_LIFE
def control(config: Path, accepted: Path | None, fd: tuple[int, ...], life: int | None) -> None:
    """Be the control plane."""
    # Imported here: a worker needs none of it, and every start waits for imports.
    from strangler_proxy.control.process import run

    log_to_stderr("control")
    tie = Tie(life, grace_seconds=CONTROL_SECONDS)
    taken = _config(config, accepted)
    if os.environ.get(EDIT_RULES) == "1":
        taken = replace(taken, edit_rules=True)
    run(taken, [socket.socket(fileno=each) for each in fd], tie)


@click.command(hidden=True)
@_CONFIG
@_ACCEPTED
@_LIFE
@click.option("--number", type=int, required=True)
@click.option("--at", type=click.Path(path_type=Path), required=True, help="The Unix socket to listen on.")
def comparer(config: Path, accepted: Path | None, life: int | None, number: int, at: Path) -> None:
    """Be a comparer."""
    from strangler_proxy.comparer.process import run

    log_to_stderr(f"comparer {number}")
    taken = _config(config, accepted)
    # Told to end, it waits for its workers to end.
    run(number, taken, at, Tie(life, grace_seconds=taken.longest_drain + COMPARER_SECONDS))


@click.command(hidden=True)
@_CONFIG
@_ACCEPTED
@_FD
@_LIFE
@click.option("--slot", type=int, required=True)
@click.option("--comparer", type=click.Path(path_type=Path), multiple=True, help="Where its comparers listen.")
def worker(
    config: Path, accepted: Path | None, fd: tuple[int, ...], life: int | None, slot: int, comparer: tuple[Path, ...]
) -> None:
    """Be the worker in a slot."""
    from strangler_proxy.worker import run

    log_to_stderr(f"worker {slot}")
    taken = _config(config, accepted)
    tie = Tie(life, grace_seconds=taken.longest_drain)
    run(slot, taken, [socket.socket(fileno=each) for each in fd], taken.state_dir, tie, comparer)


def _config(path: Path, accepted: Path | None) -> Config:
    if accepted is None:
        return load_config(path)
    try:
        text = accepted.read_bytes().decode()
    except OSError as error:
        raise StranglerError(f"{accepted} cannot be read: {error.strerror}. Start `strangler serve` again.") from error
    return read_config(text, path, os.environ)
