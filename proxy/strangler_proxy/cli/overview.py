"""`strangler overview`: how much has moved, how each route stands and fares, what needs a person."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import click

from strangler.evidence import LENGTHS
from strangler_proxy.cli.amounts import lasting
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text, warn
from strangler_proxy.cli.remote import control_client
from strangler_proxy.rollout.words import told_seconds
from strangler_proxy.words import milliseconds, moment, percent, stage_of

__all__ = ["overview", "told_needs", "told_parts"]

_POINTS: Final = 30
_LONGEST: Final = 366 * 86_400.0
# Whoever calls a command waits for all of it.
_SECONDS: Final = 10.0


def told_parts(document: Mapping[str, Any]) -> Iterator[str]:
    """How much has moved of each part, a line each."""
    for part in document["parts"]:
        if part["share"] is None:
            yield f"{part['name']}: nothing was counted yet"
        else:
            yield f"{part['name']}: {percent(part['share'])} moved ({part['moved']:,.4g} of {part['whole']:,.12g})"
    if document["code_lacks"]:
        yield f"code: {document['code_lacks']}"


def told_needs(document: Mapping[str, Any]) -> Iterator[str]:
    """What needs a person, what stalls, and what is missing, a line each."""
    for need in document["needs"]:
        text = " ".join(need["text"].split("\n"))
        yield f"NEEDS YOU: {' '.join(filter(None, (need['kind'], need['name'])))}: {text}"
    for each in document["stalling"]:
        yield f"STALLING: {each['name']} runs on two sides for {told_seconds(document['at'] - each['left'])}"
    for each in document["lacks"]:
        yield f"MISSING: {each}"


@click.command(short_help="Show what has moved, how routes fare, what needs a person.")
@click.option(
    "--over", type=click.IntRange(LENGTHS[0], 3600), default=60, show_default=True, help="Rates are of so many seconds."
)
@click.option(
    "--progress", callback=lasting, metavar="TIME", help="How much had moved over so long, such as `30d`, instead."
)
@JSON
@CONFIG
def overview(over: int, progress: float | None, as_json: bool, config: Path) -> None:
    """Show how much has moved, how each route stands and fares on both sides, what needs a person, and what stalls.

    Ends with 0, with 1 when something needs a person.
    """
    if progress is not None:
        _progress(progress, as_json, config)
        return
    with control_client(config) as client:
        document = client.overview(over=over, seconds=_SECONDS)
    if as_json:
        print_json(document)
    else:
        _print(document)
    raise SystemExit(1 if document["needs"] else 0)


def _print(document: Mapping[str, Any]) -> None:
    for line in (*told_parts(document), *told_needs(document)):
        print_text(line)
    if document["behind"]:
        warn(f"of {document['behind']} routes there is newer evidence than is told here; ask again")
    for context, rows in groupby(document["routes"], key=lambda each: str(each["name"]).partition(".")[0]):
        print_text()
        columns = (context, "stage", "for", "requests/s", "errors", "p50", "p99", "agreement")
        print_table(columns, (_row(each, document["at"]) for each in rows))


def _row(row: Mapping[str, Any], now: float) -> tuple[str, ...]:
    """A route or seam, the monolith's figures before the candidate's."""
    name = row["name"] if row["configured"] else f"{row['name']} (not in strangler.toml)"
    stage = "no twin" if row["stage"] is None else stage_of({**row, "overrides": [None] * row["overrides"]})
    since = "-" if row["since"] is None else told_seconds(now - row["since"])
    sides = [row["sides"].get(side) for side in ("monolith", "candidate")]
    return (
        name,
        stage,
        since,
        _both(None if side is None else f"{side['rate']:.3g}" for side in sides),
        _both(None if side is None or side["error_rate"] is None else percent(side["error_rate"]) for side in sides),
        _both(None if side is None else milliseconds(side["p50"]) for side in sides),
        _both(None if side is None else milliseconds(side["p99"]) for side in sides),
        _agreement(row["agreement"]),
    )


def _both(told: Iterable[str | None]) -> str:
    found = [each or "-" for each in told]
    return "-" if set(found) == {"-"} else " | ".join(found)


def _agreement(agreement: Mapping[str, Any] | None) -> str:
    if agreement is None:
        return "-"
    return f"{agreement['verdict']}: at least {percent(agreement['bound'])} of {agreement['pairs']:,}"


def _progress(seconds: float, as_json: bool, config: Path) -> None:
    if not LENGTHS[0] * _POINTS <= seconds <= _LONGEST:
        raise click.BadParameter("it is a time from 150s to 366d.", param_hint="--progress")
    step = max(int(seconds / _POINTS) // LENGTHS[0], 1) * LENGTHS[0]
    with control_client(config) as client:
        points = client.progress(since=time.time() - seconds, step=step)
    if as_json:
        print_json({"step": step, "points": points})
        return
    rows = ((moment(each["at"]), *(_share(each[part]) for part in ("requests", "toggles", "code"))) for each in points)
    print_table(("from", "requests", "routes and seams", "code"), rows)


def _share(part: Mapping[str, Any] | None) -> str:
    return "-" if part is None or part["share"] is None else percent(part["share"])
