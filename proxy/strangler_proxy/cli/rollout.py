"""`strangler rollout`: scheduled walks through shares, each held by gates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from strangler_proxy.cli.options import CONFIG, JSON, WHY, wait_for
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client, edits_named
from strangler_proxy.cli.rollout_status import status
from strangler_proxy.cli.rollout_told import rollout_line, told_rollout, verdict_of
from strangler_proxy.rollout.words import told_schedule

__all__ = ["rollout"]


@click.group(short_help="Scheduled walks through shares, held by gates: start, status, freeze, resume, abort.")
def rollout() -> None:
    """Moves toggles by a schedule, from share to share, when its gates pass; and back at once when one fails."""


rollout.add_command(status)


@rollout.command(short_help="Begin a rollout.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--schedule", metavar="NAME", help="A schedule of strangler.toml, [rollouts.NAME].  [default: default]")
@click.option("--name", help="What to call it.  [default: NAME...]")
@WHY
@JSON
@CONFIG
def start(
    names: tuple[str, ...], schedule: str | None, name: str | None, why: str, as_json: bool, config: Path
) -> None:
    """Begin a rollout of all toggles that NAME, or a glob such as `catalog.*`, matches: they move together.

    They stand alike, in stage shadow or canary. The proxy walks on by itself from then on; `strangler rollout status`
    shows how it goes.
    """
    with control_client(config) as client, edits_named(config):
        _tell(client.start_rollout(names, schedule=schedule, name=name, why=why), as_json)


@rollout.command(name="list", short_help="All rollouts, the ones that are over too.")
@JSON
@CONFIG
def list_(as_json: bool, config: Path) -> None:
    """Every rollout that there is, and the last of each name that there was."""
    with control_client(config) as client:
        rollouts = client.rollouts()
    if as_json:
        print_json({"rollouts": rollouts})
    elif not rollouts:
        print_text("There is no rollout. `strangler rollout start NAME --why ...` begins one.")
    else:
        print_table(("rollout", "state", "at", "station", "begun by"), map(rollout_line, rollouts))


@rollout.command(short_help="The schedules that a rollout can go by.")
@JSON
@CONFIG
def schedules(as_json: bool, config: Path) -> None:
    """Every schedule that the running proxy knows: [rollouts.NAME] of its strangler.toml, and `default`."""
    with control_client(config) as client:
        found = client.schedules()
    if as_json:
        print_json({"schedules": found})
    else:
        print_table(("schedule", "stations", "gates"), [_schedule_line(each) for each in found])


@rollout.command(short_help="Let a rollout go no further.")
@click.argument("name")
@WHY
@JSON
@CONFIG
def freeze(name: str, why: str, as_json: bool, config: Path) -> None:
    """Keep the rollout NAME where it is. A gate that fails still takes it back."""
    with control_client(config) as client:
        _tell(client.freeze_rollout(name, why=why), as_json)


@rollout.command(short_help="Let a rollout go on.")
@click.argument("name")
@WHY
@JSON
@CONFIG
def resume(name: str, why: str, as_json: bool, config: Path) -> None:
    """Let the rollout NAME go on from where it stands. What failed must be passed anew, and with new evidence."""
    with control_client(config) as client:
        _tell(client.resume_rollout(name, why=why), as_json)


@rollout.command(short_help="End a rollout, and go back to where it began.")
@click.argument("name")
@wait_for("its toggles are back")
@WHY
@JSON
@CONFIG
def abort(name: str, wait: float, why: str, as_json: bool, config: Path) -> None:
    """End the rollout NAME, and take its toggles back to where it began: within a second, by whichever replica leads.

    Toggles that somebody has moved by hand stay where they were put. Ends with 0 when it is over, with 3 when its
    toggles are still on their way, with 1 when their way back was refused.
    """
    with control_client(config) as client:
        told = client.abort_rollout(name, why=why, wait_seconds=wait)
    _tell(told, as_json)
    raise SystemExit(verdict_of([told]))


def _schedule_line(schedule: dict[str, Any]) -> tuple[str, str, str]:
    return schedule["name"], told_schedule(schedule), ", ".join(schedule["gates"])


def _tell(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({"rollout": told})
        return
    for line in told_rollout(told):
        print_text(line)
