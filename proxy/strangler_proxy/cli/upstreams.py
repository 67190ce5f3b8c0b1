"""`strangler upstreams`: how the upstreams are, and what becomes of copies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_pairs, print_table, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.words import percent

__all__ = ["upstreams"]


@click.command(short_help="Show how upstreams are: addresses, breakers, queues, copies.")
@JSON
@CONFIG
def upstreams(as_json: bool, config: Path) -> None:
    """Show how the upstreams are, what they are busy with and may be at most, and what becomes of copies.

    Ends with 0, with 1 when an upstream is in trouble.
    """
    with control_client(config) as client:
        document = client.upstreams()
    if as_json:
        print_json(document)
    else:
        _print(document)
    raise SystemExit(0 if all(each["ok"] for each in document["upstreams"]) else 1)


def _print(document: Mapping[str, Any]) -> None:
    told = document["upstreams"]
    for each in told:
        for trouble in each["troubles"]:
            print_text(f"{each['name']}: {trouble}")
    print_table(
        (
            "upstream",
            "addresses well",
            "breaker",
            "opened, last hour",
            "connections",
            "in flight",
            "waiting",
            "failures",
        ),
        (_row(each) for each in told),
    )
    copies = document["copies"]
    print_text()
    print_pairs(
        (
            ("copies", f"{percent(copies['sample'])} of requests, unless a route says otherwise"),
            ("sent", copies["sent"]),
            ("became no pair", _counts(copies["missed"])),
            ("waiting", _of(copies["queue"])),
            ("bytes held", _of(copies["bytes"])),
        )
    )


def _row(each: Mapping[str, Any]) -> tuple[object, ...]:
    well = sum(address["well"] == each["workers"] for address in each["addresses"])
    connections = each["connections"]
    return (
        each["name"],
        f"{well}/{len(each['addresses'])}" if each["workers"] else "-",
        ", ".join(f"{state} {number}" for state, number in sorted(each["breaker"].items())) or "-",
        "-" if each["opened_lately"] is None else each["opened_lately"],
        f"{connections['in_use']} + {connections['unused']} unused",
        _of(each["in_flight"]),
        _of(each["waiting"]),
        _counts(each["failures"]),
    )


def _of(part: Mapping[str, int]) -> str:
    return f"{part['now']:,} of {part['most']:,}" if part["most"] else "-"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{cause} {number:,}" for cause, number in counts.items()) or "-"
