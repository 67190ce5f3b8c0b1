"""`strangler shadow agreement`: how agreement went, by the day, the hour or the minute."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from strangler_proxy.cli.amounts import past
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.words import moment, percent

__all__ = ["agreement"]

_STEPS: Final = {"minute": 60, "hour": 3600}
_USUAL: Final = {"day": 30 * 86_400, "hour": 86_400, "minute": 3600}


@click.command(short_help="Show how agreement went over time.")
@click.argument("routes", metavar="[ROUTE]...", nargs=-1)
@click.option(
    "--by",
    type=click.Choice(["day", "hour", "minute"]),
    default="day",
    show_default=True,
    help="How finely: a row each. Hours and minutes are kept for two days.",
)
@click.option(
    "--since",
    callback=past,
    metavar="WHEN",
    help="From then on: a time, or so long ago, such as 90m or 7d.  [default: 30 days, a day, or an hour ago]",
)
@JSON
@CONFIG
def agreement(routes: tuple[str, ...], by: str, since: float | None, as_json: bool, config: Path) -> None:
    """Show how many pairs of each ROUTE, or of all, agreed and differed, over time; a glob such as `catalog.*` will do.

    Days (UTC) tell too how many surely agree at least. It is what the chart of a route in the control room draws.
    """
    since = time.time() - _USUAL[by] if since is None else since
    with control_client(config) as client:
        if by == "day":
            rows = client.days(routes, since=since)
        else:
            rows = client.minutes(routes, since=since, step=_STEPS[by])
    if as_json:
        print_json({"days" if by == "day" else "windows": rows})
    elif rows:
        surely = ("surely at least",) if by == "day" else ()
        print_table(
            (by, "route", "release", "rules", "agree", "differ", "inconclusive", "agreed", *surely),
            (_row(each, by) for each in rows),
        )
    else:
        print_text("No pair was compared in that time. In stage shadow both sides are asked, and compared.")


def _row(each: Mapping[str, Any], by: str) -> tuple[object, ...]:
    told = each["agree"] + each["differ"]
    when = time.strftime("%Y-%m-%d", time.gmtime(each["start"])) if by == "day" else moment(each["start"])
    surely = (percent(each["bound"]),) if by == "day" else ()
    return (
        when,
        each["route"],
        each["release"] or "unknown",
        each["rules"],
        each["agree"],
        each["differ"],
        each["inconclusive"],
        percent(each["agree"] / told) if told else "-",
        *surely,
    )
