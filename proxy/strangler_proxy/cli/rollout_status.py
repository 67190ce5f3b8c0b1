"""`strangler rollout status`: how rollouts go."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from strangler.errors import ControlUnreachable, UnknownRollout
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.cli.rollout_told import goes_on, told_rollout, verdict_of
from strangler_proxy.plain import plain

__all__ = ["status"]

_LOOK_EVERY: Final = 1.0
_PATIENCE: Final = 15.0
_UNDER_WAY: Final = 3
_Rollouts = list[dict[str, Any]]


@click.command(short_help="How rollouts go.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--watch", is_flag=True, help="Go on showing it until all are over, or a person is wanted.")
@JSON
@CONFIG
def status(names: tuple[str, ...], watch: bool, as_json: bool, config: Path) -> None:
    """Where each rollout NAME is (by default all that are not over), what it waits for, and what its gates say.

    Ends with 0 when all are finished or aborted, with 3 while one is under way, with 1 when one wants a person.
    """
    with control_client(config) as client:
        rollouts = _chosen(client.rollouts(), names)
        if watch:
            rollouts = _watched(rollouts, client.rollouts, quiet=as_json or not sys.stdout.isatty())
    if as_json:
        print_json({"rollouts": rollouts})
    elif not rollouts:
        print_text("No rollout is under way. `strangler rollout list` shows those that are over.")
    else:
        for line in _lines(rollouts):
            print_text(line)
    raise SystemExit(verdict_of(rollouts))


def _chosen(rollouts: _Rollouts, names: Sequence[str]) -> _Rollouts:
    if not names:
        return [each for each in rollouts if goes_on(each)]
    # A rollout is often named by a glob itself.
    for name in names:
        if not any(_is_meant(each, name) for each in rollouts):
            raise UnknownRollout(
                f"There is no rollout {name!r}.", "`strangler rollout list` names those that there are."
            )
    return [each for each in rollouts if any(_is_meant(each, name) for name in names)]


def _is_meant(rollout: dict[str, Any], name: str) -> bool:
    return bool(rollout["name"] == name or fnmatchcase(rollout["name"], name))


def _lines(rollouts: _Rollouts) -> list[str]:
    return [line for each in rollouts for line in told_rollout(each)]


def _watched(rollouts: _Rollouts, ask: Callable[[], _Rollouts], *, quiet: bool) -> _Rollouts:
    """Look again and again while one is under way and none wants a person; shown at a terminal unless `quiet`."""
    # Which they are is settled: one that is over by and by is to be seen to its end.
    names = {each["name"] for each in rollouts}
    with nullcontext() if quiet else Live(console=Console(), auto_refresh=False, transient=True) as live:
        patient_until = math.inf
        while verdict_of(rollouts) == _UNDER_WAY:
            if live is not None:
                live.update(Text("\n".join(plain(line) for line in _lines(rollouts))), refresh=True)
            time.sleep(_LOOK_EVERY)
            try:
                rollouts = [each for each in ask() if each["name"] in names]
                patient_until = math.inf
            except ControlUnreachable:
                # While the proxy is reloaded, or its control plane restarted, nobody answers for a moment.
                patient_until = min(patient_until, time.monotonic() + _PATIENCE)
                if time.monotonic() > patient_until:
                    raise
    return rollouts
