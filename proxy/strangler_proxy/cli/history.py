"""`strangler history`: who moved what, when and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json
from strangler_proxy.cli.remote import control_client
from strangler_proxy.cli.told import stage_of
from strangler_proxy.plain import plain

__all__ = ["history", "told_entry", "told_evidence"]

# The whole of it is in `--json`.
_LONGEST: Final = 200
# What an event knows that people want at once.
_TOLD: Final = ("command", "code", "reason")


def told_entry(entry: Mapping[str, Any]) -> str:
    """One line of the audit, and below it its reason and what was known at that moment."""
    at = datetime.fromisoformat(entry["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    before = "new" if entry["from"] is None else stage_of(entry["from"])
    forced = "  FORCED" if entry["forced"] else ""
    evidence = "".join(f"\n       {line}" for line in told_evidence(entry.get("evidence") or {}))
    return (
        f"{entry['revision']:>5}  {at}  {plain(entry['name'])}: {before} -> {stage_of(entry['to'])}{forced}\n"
        f"       {plain(entry['who'])}: {plain(entry['why'])}{evidence}"
    )


def told_evidence(evidence: Mapping[str, Any]) -> Iterator[str]:
    """What was known at a move, a line for each thing: texts and numbers as they are, what has parts as JSON, cut."""
    for name, value in evidence.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{plain(name)}: {plain(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…')}"


def told_event(event: Mapping[str, Any]) -> str:
    """One line of the audit of all that is not a move, and its reason below."""
    at = datetime.fromisoformat(event["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    status = event["detail"].get("status")
    answered = f" -> {status}" if status else ""
    why = f": {plain(event['why'])}" if event["why"] else ""
    first = f"{event['id']:>5}  {at}  {plain(event['action'])}  {plain(event['name'])}{answered}"
    known = {key: event["detail"][key] for key in _TOLD if key in event["detail"]}
    detail = "".join(f"\n       {line}" for line in told_evidence(known))
    return f"{first}\n       {plain(event['who'])}{why}{detail}"


@click.command(short_help="Show who moved what, when and why.")
@click.argument("name", required=False)
@click.option("--events", is_flag=True, help="All but moves: calls, refused ones too, tokens, rollouts, plans.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most so many entries.")
@JSON
@CONFIG
def history(name: str | None, events: bool, limit: int, as_json: bool, config: Path) -> None:
    """Show who moved what, when and why, newest first.

    NAME may be a glob such as `catalog.*`; without one, all are shown.
    """
    with control_client(config) as client:
        entries = client.events(name, limit=limit) if events else client.history(name, limit=limit)
    if as_json:
        print_json({"events" if events else "entries": entries})
        return
    for entry in entries:
        click.echo(told_event(entry) if events else told_entry(entry))
    if not entries and events:
        click.echo("There is nothing of that.")
    elif not entries:
        click.echo("Nothing has moved yet." if name is None else f"Nothing has moved {plain(name)} yet.")
