"""`strangler status`: where everything stands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from strangler.errors import ControlUnreachable
from strangler.toggles import Snapshot, read_snapshot
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text, warn
from strangler_proxy.cli.record_told import told_running
from strangler_proxy.cli.remote import control_client, edited, is_edited, running_config
from strangler_proxy.cli.rollout_told import told_brief
from strangler_proxy.plain import plain
from strangler_proxy.state import StateDir
from strangler_proxy.trouble import others, troubles_of
from strangler_proxy.words import moment, stage_of

__all__ = ["status"]


def is_well(state: Mapping[str, Any]) -> bool:
    """Whether every worker of every replica is live on the revision in force, and store and disk answer. Evidence may
    wait."""
    return bool(
        state["store"]["ok"]
        and state["disk"]["ok"]
        and all(worker["live"] for worker in state["workers"])
        and all(replica["state"] == "live" for replica in others(state))
    )


def told_age(seconds: float | None) -> str:
    """How long ago, in one unit."""
    if seconds is None:
        return "never moved"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def told_state(state: Mapping[str, Any]) -> Iterator[str]:
    """The state of a replica in a line, and below it whatever is not as it should be."""
    store = "store ok" if state["store"]["ok"] else "STORE NOT OK"
    revision = f"revision {state['revision']} ({told_age(state['age_seconds'])})"
    yield f"{revision}, live on {state['live']} workers, {store}"
    for trouble in troubles_of(state):
        yield from str(trouble).split("\n")
    for rollout in state.get("rollouts", ()):
        yield told_brief(rollout)
    if state.get("recording"):
        yield from told_running(state["recording"])


def told_stale(snapshot: Snapshot, now: datetime) -> str:
    """What still holds while no control plane answers: the snapshot on disk, which the workers had last."""
    age = told_age((now - snapshot.at).total_seconds() if snapshot.revision else None)
    return (
        f"STALE: what is in force is not confirmed. Workers that serve decide by revision {snapshot.revision} ({age})"
    )


def _print_stale(config: Path) -> None:
    snapshot = read_snapshot(StateDir.of(running_config(config, os.environ)).snapshot)
    if snapshot is None:
        return
    print_text(told_stale(snapshot, datetime.now(UTC)))
    if snapshot.toggles:
        print_text()
        rows = ((name, toggle.kind, stage_of(toggle.to_json())) for name, toggle in snapshot.toggles.items())
        print_table(("toggle", "kind", "stage"), rows)


def _state(process: Mapping[str, Any]) -> str:
    return "live" if process["live"] else "NOT LIVE"


def _addresses(upstream: Mapping[str, Any]) -> str:
    if not upstream["workers"]:
        return "-"
    well = sum(address["well"] == upstream["workers"] for address in upstream["addresses"])
    return f"{well}/{len(upstream['addresses'])} well"


def _breaker(upstream: Mapping[str, Any]) -> str:
    states = upstream["breaker"]
    if len(states) < 2:
        return next(iter(states), "-")
    return ", ".join(f"{state} {number}/{upstream['workers']}" for state, number in sorted(states.items()))


def _failures(failures: Mapping[str, int]) -> str:
    return ", ".join(f"{cause} {number}" for cause, number in failures.items()) or "-"


def print_tables(state: Mapping[str, Any]) -> None:
    """The state of a replica in tables: toggles, other replicas, workers, comparers, upstreams and traffic."""
    if state["toggles"]:
        print_text()
        print_table(
            ("toggle", "kind", "stage", "moved at revision"),
            (
                (
                    each["name"] if each["configured"] else f"{each['name']} (not in strangler.toml)",
                    each["kind"],
                    stage_of(each),
                    each["revision"],
                )
                for each in state["toggles"]
            ),
        )
    if others(state):
        print_text()
        print_table(
            ("replica", "revision", "workers", "state", "heard", "version", "strangler.toml"),
            (
                (
                    f"{plain(each['name'])} (this one)" if each["this"] else plain(each["name"]),
                    each["revision"],
                    each["live"],
                    each["state"] if each["state"] == "live" else each["state"].upper(),
                    "-" if each["this"] else f"{each['heard_seconds']:.0f} s ago",
                    plain(each["version"]),
                    each["config"],
                )
                for each in state["replicas"]
            ),
        )
    print_text()
    print_table(
        ("worker", "pid", "revision", "state", "since", "requests"),
        (
            (
                each["slot"],
                each["pid"] or "-",
                "-" if each["revision"] is None else each["revision"],
                _state(each),
                moment(each["since"]) if each["since"] else "-",
                each["requests"],
            )
            for each in state["workers"]
        ),
    )
    if state.get("comparers"):
        print_text()
        print_table(
            ("comparer", "pid", "state", "held", "links"),
            (
                (
                    each["number"],
                    each["pid"] or "-",
                    "live" if each["live"] else "NOT LIVE",
                    each["backlog"],
                    each["links"],
                )
                for each in state["comparers"]
            ),
        )
    if state.get("upstreams"):
        print_text()
        print_table(
            ("upstream", "addresses", "breaker", "failures"),
            (
                (each["name"], _addresses(each), _breaker(each), _failures(each["failures"]))
                for each in state["upstreams"]
            ),
        )
    if state["traffic"]:
        print_text()
        print_table(
            ("traffic of", "side", "upstream", "requests", "fallbacks", "5xx"),
            (
                (each["route"], each["side"], each["upstream"], each["count"], each["fallbacks"], each["errors_5xx"])
                for each in state["traffic"]
            ),
        )


@click.command(short_help="Show where everything stands.")
@JSON
@CONFIG
def status(as_json: bool, config: Path) -> None:
    """Show where everything stands: toggles, replicas, workers, store, upstreams and traffic.

    Ends with 0 when every worker of every replica is live on the revision in force and the store answers, else with 1.
    Where no control plane answers it tells what the workers knew last, and ends with 4.
    """
    try:
        with control_client(config) as client:
            state = client.status()
    except ControlUnreachable:
        if not as_json:
            _print_stale(config)
        raise
    if is_edited(config):
        warn(edited(config))
    if as_json:
        print_json(state)
    else:
        for line in told_state(state):
            print_text(line)
        print_tables(state)
    if not is_well(state):
        raise SystemExit(1)
