"""How the operating commands reach the control plane of a configuration, and tell its answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from strangler.errors import ConfigError, ControlRefused, ControlUnreachable, Problem, StranglerError
from strangler_proxy.cli.output import print_json
from strangler_proxy.cli.told import UNCHANGED, told_outcome
from strangler_proxy.client import ControlClient
from strangler_proxy.config.control_place import ControlPlace, control_place
from strangler_proxy.config.forms import is_loopback
from strangler_proxy.config.reader import config_text, load_config, read_config
from strangler_proxy.config.values import Address, Config
from strangler_proxy.secret import read_secret, token_from
from strangler_proxy.state import StateDir

__all__ = ["control_client", "edited", "edits_named", "finish", "is_edited", "running_config"]

_URL: Final = "STRANGLER_CONTROL_URL"
_AS_TAKEN: Final = "taken as the running proxy took it"
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - where we connect instead


def control_client(path: Path, environment: Mapping[str, str] = os.environ) -> ControlClient:
    """A client of the control plane that the configuration at `path` names: as it stands, else as the running proxy
    took it, else by what can be read of its place. `strangler --control` comes before all of that, and
    STRANGLER_CONTROL_URL after it.

    The token is STRANGLER_TOKEN, or else the one in the state folder. Raises StranglerError where there is none that
    can be used, ConfigError where nothing says where the control plane is.
    """
    said = _said()
    if said:
        return _client_at(said, path, environment)
    try:
        place = _place(path, environment)
    except ConfigError as error:
        if url := environment.get(_URL, ""):
            return _client_at(url, path, environment)
        wrong = "so nothing says where the control plane is"
        right = f"say it: `strangler --control http://HOST:PORT ...` or {_URL}, with its token in STRANGLER_TOKEN"
        raise ConfigError([*error.problems, Problem(str(path), None, "", wrong, right)]) from error
    state = StateDir(place.state)
    token = token_from(environment) or read_secret(state.token)
    return ControlClient(_address(place.listen, state), token, certificate=place.certificate)


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
        found = _read_place(path, environment)
        config = _accepted(StateDir(path.parent / ".strangler" if found is None else found.state), path, environment)
        if config is None:
            raise
        if not silent:
            click.echo(f"{path} is wrong as it stands (`strangler check`); {_AS_TAKEN}.", err=True)
        return config


def _place(path: Path, environment: Mapping[str, str]) -> ControlPlace:
    """Where the control plane is. Raises ConfigError."""
    try:
        return ControlPlace.of(load_config(path, environment))
    except ConfigError as error:
        # Whoever is in the middle of editing must still be able to go back.
        found, wrong = _read_place(path, environment), error
    state = path.parent / ".strangler" if found is None else found.state
    running = _accepted(StateDir(state), path, environment)
    if running is not None:
        found = ControlPlace.of(running)
    if found is None:
        raise wrong
    told = "where the control plane is can be read all the same" if running is None else _AS_TAKEN
    click.echo(f"{path} is wrong as it stands (`strangler check`); {told}.", err=True)
    return found


def _read_place(path: Path, environment: Mapping[str, str]) -> ControlPlace | None:
    try:
        return control_place(config_text(path), path, environment)
    except ConfigError:
        return None


def _accepted(state: StateDir, path: Path, environment: Mapping[str, str]) -> Config | None:
    """The configuration in force in the running proxy, by its own copy; None where there is none that can be read."""
    try:
        return read_config(state.accepted.read_bytes().decode(), path, environment)
    except (OSError, UnicodeDecodeError, ConfigError):
        return None


def _said() -> str:
    """What `strangler --control` said; empty where it said nothing."""
    context = click.get_current_context(silent=True)
    return "" if context is None else str(context.find_root().params.get("control") or "")


def _client_at(url: str, path: Path, environment: Mapping[str, str]) -> ControlClient:
    """A client of the control plane at `url`, whatever the configuration says."""
    try:
        at = urlsplit(url)
        port = at.port or (443 if at.scheme == "https" else 80)
        known = at.scheme in ("http", "https") and bool(at.hostname) and "@" not in at.netloc
    except ValueError:
        known = False
    if not known or at.hostname is None:
        # A password in an address would turn up in messages; the token has a variable of its own.
        shown = url if "@" not in url else "…@" + url.rpartition("@")[2]
        raise StranglerError(f"{shown!r} is not the address of a control plane. Write http://HOST:PORT.")
    there = _read_place(path, environment)
    token = token_from(environment)
    if token is None and is_loopback(at.hostname):
        # To another machine the token of this one's proxy is not for sending.
        token = read_secret(StateDir(path.parent / ".strangler" if there is None else there.state).token)
    if token is None:
        raise StranglerError(f"The control plane at {url} wants a token. Set STRANGLER_TOKEN.")
    certificate = there.certificate if there is not None and at.scheme == "https" else None
    return ControlClient(Address(at.hostname, port), token, certificate=certificate, tls=at.scheme == "https")


def _address(listen: Address, state: StateDir) -> Address:
    host, port = listen.host, listen.port
    if port == 0:
        # The system chose; where, the running proxy wrote down.
        port = int(state.read_addresses().get("control", "").rpartition(":")[2] or 0)
    if port == 0:
        raise ControlUnreachable(f"No proxy is running on {state.path}. Start one: `strangler serve`.")
    return Address(_ANYWHERE.get(host, host), port)
