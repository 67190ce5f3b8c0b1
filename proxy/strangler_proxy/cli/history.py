"""`strangler history`: who did what, when and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from strangler_proxy.audit_csv import audit_csv
from strangler_proxy.cli.amounts import past
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json
from strangler_proxy.cli.remote import control_client
from strangler_proxy.plain import plain
from strangler_proxy.words import moment, stage_of

__all__ = ["history", "told_entry", "told_evidence"]

# The whole of it is in `--json`.
_LONGEST: Final = 200
# What an event knows that people want at once.
_TOLD: Final = ("command", "code", "reason")


def told_entry(entry: Mapping[str, Any]) -> str:
    """One line of the audit, and below it its reason and what was known at that moment."""
    at = moment(entry["at"])
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
    at = moment(event["at"])
    status = event["detail"].get("status")
    answered = f" -> {status}" if status else ""
    why = f": {plain(event['why'])}" if event["why"] else ""
    first = f"{event['id']:>5}  {at}  {plain(event['action'])}  {plain(event['name'])}{answered}"
    known = {key: event["detail"][key] for key in _TOLD if key in event["detail"]}
    detail = "".join(f"\n       {line}" for line in told_evidence(known))
    return f"{first}\n       {plain(event['who'])}{why}{detail}"


def told_calls(entry: Mapping[str, Any]) -> str:
    """One line of the counted calls, and who it was below it."""
    detail = entry["detail"]
    times = f"{detail['count']} times, last {moment(detail['last'])}" if detail["count"] > 1 else "once"
    first = f"{entry['id']:>5}  {moment(entry['at'])}  {plain(entry['name'])} -> {detail['status']}  {times}"
    return f"{first}\n       {plain(entry['who'])} from {plain(detail['address'])}"


@click.command(short_help="Show who did what, when and why.")
@click.argument("name", required=False)
@click.option("--events", is_flag=True, help="All but moves: tokens, rollouts, plans, calls meant to change something.")
@click.option("--all", "both", is_flag=True, help="Moves and events together.")
@click.option("--calls", is_flag=True, help="Every call, reads and refused ones too, counted by the minute.")
@click.option("--who", metavar="TEXT", help="Only what they did: a part of what stands in the audit, or a glob.")
@click.option("--action", metavar="ACTION", help="Only that: such as `toggle.move`, or a glob such as `token.*`.")
@click.option("--since", metavar="TIME", callback=past, help="Only from then on: `7d` ago, or a date.")
@click.option("--until", metavar="TIME", callback=past, help="Only before then.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="At most so many.")
@click.option("--csv", "as_csv", is_flag=True, help="Answer in CSV; no spreadsheet takes anything in it for a formula.")
@JSON
@CONFIG
def history(
    name: str | None,
    events: bool,
    both: bool,
    calls: bool,
    who: str | None,
    action: str | None,
    since: float | None,
    until: float | None,
    limit: int,
    as_csv: bool,
    as_json: bool,
    config: Path,
) -> None:
    """Show who moved what, when and why, newest first; with --events or --all who did what else, with --calls who
    called what.

    NAME may be a glob such as `catalog.*`; without one, all are shown.
    """
    if events + both + calls > 1:
        raise click.UsageError("Say one of: --events, --all, --calls.")
    if as_csv and as_json:
        raise click.UsageError("Say one of: --csv, --json.")
    kind = None if both else "event" if events else "call" if calls else "move"
    with control_client(config) as client:
        asked = {"kind": kind, "name": name, "who": who, "action": action, "since": since, "until": until}
        entries = list(client.audit_pages(most=limit, **asked))
    if as_json:
        print_json({"events" if events else "entries": entries})
    elif as_csv:
        click.echo("".join(audit_csv(entries)), nl=False)
    else:
        for entry in entries:
            click.echo(_TELLERS[entry["kind"]](entry))
        if not entries:
            click.echo(_nothing(name, moves=kind == "move", chosen=any((who, action, since, until))))


def _nothing(name: str | None, *, moves: bool, chosen: bool) -> str:
    if chosen or not moves:
        return "There is nothing of that."
    return "Nothing has moved yet." if name is None else f"Nothing has moved {plain(name)} yet."


_TELLERS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "move": told_entry,
    "event": told_event,
    "call": told_calls,
}
