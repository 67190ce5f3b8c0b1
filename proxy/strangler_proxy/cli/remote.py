"""How the operating commands reach the control plane of a configuration, and tell its answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from strangler.errors import ConfigError, ControlRefused, ControlUnreachable
from strangler_proxy.cli.output import print_json
from strangler_proxy.cli.told import UNCHANGED, told_outcome
from strangler_proxy.client import ControlClient
from strangler_proxy.config.reader import load_config, read_config
from strangler_proxy.config.values import Address, Config
from strangler_proxy.secret import read_secret, token_from
from strangler_proxy.state import StateDir

__all__ = ["control_client", "edited", "edits_named", "finish", "is_edited", "running_config"]

_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - where we connect instead


def control_client(path: Path, environment: Mapping[str, str] = os.environ) -> ControlClient:
    """A client of the control plane that the configuration at `path` names.

    The token is STRANGLER_TOKEN, or else the one in the state folder. Raises StranglerError where there is none that
    can be used, ConfigError where the file is wrong.
    """
    config = running_config(path, environment)
    state = StateDir.of(config)
    token = token_from(environment) or read_secret(state.token)
    certificate = None if config.control_tls is None else config.control_tls.certificate
    return ControlClient(_address(config, state), token, certificate=certificate)


def is_edited(path: Path, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the configuration at `path` is another than the one in force in its proxy."""
    try:
        config = load_config(path, environment)
        return StateDir.of(config).accepted.read_bytes().decode() != config.text
    except (ConfigError, OSError, UnicodeDecodeError):
        # A wrong file is told elsewhere; without the copy nothing can be said.
        return False


@contextmanager
def edits_named(path: Path) -> Iterator[None]:
    """A name that the running proxy does not know may stand in the file all the same: its refusal then says so."""
    try:
        yield
    except ControlRefused as error:
        if error.code != "unknown_toggle" or not is_edited(path):
            raise
        raise ControlRefused(error.status, error.code, f"{error} {edited(path)}") from error


def edited(path: Path) -> str:
    """What to say of a configuration that was edited since the proxy took it up."""
    return f"{path} was edited since the proxy took it up. `strangler reload` puts it into force."


def finish(outcome: Mapping[str, Any], as_json: bool, *, unmoved: str = UNCHANGED) -> None:
    """Tell what a move came to (`unmoved` when nothing moved). Ends with 1 when something was refused that others moved
    without, with 3 when a worker has not acknowledged."""
    if as_json:
        print_json(outcome)
    else:
        click.echo(told_outcome(outcome, unmoved=unmoved))
    if outcome.get("refused"):
        raise SystemExit(1)
    if outcome["missing"]:
        raise SystemExit(3)


def running_config(path: Path, environment: Mapping[str, str], *, silent: bool = False) -> Config:
    """The configuration at `path`; where that is wrong as it stands, the one in force, which is said unless `silent`.

    Raises ConfigError.
    """
    try:
        return load_config(path, environment)
    except ConfigError:
        # Whoever is in the middle of editing must still be able to go back: the running proxy has its own copy.
        accepted = path.parent / ".strangler" / "accepted.toml"
        try:
            config = read_config(accepted.read_bytes().decode(), path, environment)
        except (OSError, UnicodeDecodeError, ConfigError):
            config = None
        if config is None:
            raise
        if not silent:
            told = f"{path} is wrong as it stands (`strangler check`); taken as the running proxy took it."
            click.echo(told, err=True)
        return config


def _address(config: Config, state: StateDir) -> Address:
    host, port = config.control.host, config.control.port
    if port == 0:
        # The system chose; where, the running proxy wrote down.
        port = int(state.read_addresses().get("control", "").rpartition(":")[2] or 0)
    if port == 0:
        raise ControlUnreachable(f"No proxy is running on {state.path}. Start one: `strangler serve`.")
    return Address(_ANYWHERE.get(host, host), port)
