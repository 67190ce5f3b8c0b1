"""`strangler status`: where everything stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.remote import control_client, print_json
from strangler_proxy.cli.told import stage_of
from strangler_proxy.plain import plain

__all__ = ["status"]


def is_well(state: Mapping[str, Any]) -> bool:
    """Whether every worker is live on the revision in force, and store and disk answer."""
    return bool(state["store"]["ok"] and state["disk"]["ok"] and all(worker["live"] for worker in state["workers"]))


def told_age(seconds: float | None) -> str:
    """How long ago, in one unit."""
    if seconds is None:
        return "never moved"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], numbers: set[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        # As Text: a name in brackets is a name and no markup.
        table.add_row(*(Text("-" if cell is None else plain(str(cell))) for cell in row))
    return table


def told_status(state: Mapping[str, Any]) -> Iterator[Table | Text]:
    """The state of a replica, part by part, as rich draws it."""
    store = "store ok" if state["store"]["ok"] else "STORE NOT OK"
    yield Text(f"revision {state['revision']} ({told_age(state['age_seconds'])}), live on {state['live']}, {store}")
    for part in ("store", "disk"):
        if state[part]["error"]:
            yield Text(plain(state[part]["error"]), style="red")
    for note in state["notes"]:
        yield Text(plain(note), style="yellow")
    yield Text()
    toggles = [
        (
            each["name"] if each["configured"] else f"{each['name']} (not in strangler.toml)",
            each["kind"],
            stage_of(each),
            each["revision"],
        )
        for each in state["toggles"]
    ]
    yield _table("toggles", ("name", "kind", "stage", "revision"), toggles, {"revision"})
    workers = [
        (each["slot"], each["pid"], each["revision"], "live" if each["live"] else "NOT LIVE", each["requests"])
        for each in state["workers"]
    ]
    yield Text()
    yield _table(
        "workers", ("slot", "pid", "revision", "state", "requests"), workers, {"slot", "pid", "revision", "requests"}
    )
    traffic = [
        (each["route"], each["side"], each["upstream"], each["count"], each["fallbacks"], each["errors_5xx"])
        for each in state["traffic"]
    ]
    if traffic:
        yield Text()
        yield _table(
            "traffic since the control plane started",
            ("route", "side", "upstream", "requests", "fallbacks", "5xx"),
            traffic,
            {"requests", "fallbacks", "5xx"},
        )


@click.command()
@JSON
@CONFIG
def status(as_json: bool, config: Path) -> None:
    """Show where everything stands: toggles, workers, store and traffic.

    Ends with 0 when every worker is live on the revision in force and the store answers, else with 1.
    """
    with control_client(config) as client:
        state = client.status()
    if as_json:
        print_json(state)
    else:
        console = Console(highlight=False)
        for part in told_status(state):
            console.print(part)
    if not is_well(state):
        raise SystemExit(1)
