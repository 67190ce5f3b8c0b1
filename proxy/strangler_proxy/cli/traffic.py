"""`strangler traffic`: what customers got of each side over time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import click

from strangler.evidence import LENGTHS
from strangler.evidence.traffic import duration_at
from strangler_proxy.cli.amounts import duration, past
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.words import milliseconds, moment, percent

__all__ = ["traffic"]


@click.command(short_help="Show what customers got of each side over time.")
@click.argument("routes", metavar="[ROUTE]...", nargs=-1)
@click.option(
    "--since",
    callback=past,
    default="1h",
    show_default=True,
    metavar="WHEN",
    help="From then on: a time, or so long ago, such as 90m or 7d.",
)
@click.option(
    "--step",
    callback=duration,
    default="5m",
    show_default=True,
    metavar="TIME",
    help="Of how long a row is: a multiple of 5 seconds.",
)
@JSON
@CONFIG
def traffic(routes: tuple[str, ...], since: float, step: float, as_json: bool, config: Path) -> None:
    """Show requests a second, errors and times of both sides of each ROUTE, or of all, over time.

    ROUTE may be a glob such as `catalog.*`, or `-` for what no route takes. It is what the charts of a route in the
    control room draw.
    """
    if step % LENGTHS[0]:
        raise click.BadParameter(f"A row is of a multiple of {LENGTHS[0]} seconds.", param_hint="--step")
    seconds = int(step)
    with control_client(config) as client:
        windows = client.traffic(since=since // seconds * seconds, step=seconds, names=routes)
    if as_json:
        print_json({"windows": windows})
    elif windows:
        now = time.time()
        columns = ("from", "route", "side", "requests/s", "errors", "fallbacks", "p50", "p99")
        print_table(columns, _rows(windows, now))
    else:
        print_text("Nobody has asked for anything of that in that time.")


def _rows(windows: Iterable[Mapping[str, Any]], now: float) -> Iterator[tuple[object, ...]]:
    """A row for each side in each window, whatever stages and releases there were."""
    found: dict[tuple[int, str, str, int], dict[str, Any]] = {}
    for each in windows:
        place = each["start"], each["route"], each["side"], each["seconds"]
        row = found.setdefault(place, {"requests": 0, "errors": 0, "fallbacks": 0, "buckets": []})
        for key in ("requests", "errors", "fallbacks"):
            row[key] += each[key]
        row["buckets"] = list(map(sum, zip_longest(row["buckets"], each["buckets"], fillvalue=0)))
    for (start, route, side, seconds), row in sorted(found.items()):
        # Of the last window, only what there has been of it.
        lasted = max(min(seconds, now - start), 1.0)
        yield (
            moment(start),
            route,
            side,
            f"{row['requests'] / lasted:.3g}",
            percent(row["errors"] / row["requests"]) if row["requests"] else "-",
            row["fallbacks"],
            milliseconds(duration_at(row["buckets"], 0.5)),
            milliseconds(duration_at(row["buckets"], 0.99)),
        )
