"""`strangler gate`: whether routes pass gates."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from strangler.gates import Gates
from strangler_proxy.cli.amounts import lasting
from strangler_proxy.cli.gate_file import given_gates
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client, edits_named
from strangler_proxy.client import ControlClient
from strangler_proxy.gates.command import Ran, run_command
from strangler_proxy.gates.here import is_outside, judge_here, sent_along

__all__ = ["gate"]

_LOOK_EVERY: Final = 2.0
_EXIT_CODES: Final = {"pass": 0, "fail": 1, "inconclusive": 3}
_WORDS: Final = {"pass": "pass", "fail": "FAIL", "inconclusive": "inconclusive"}


@click.command(short_help="Say whether routes pass gates.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--gates",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file with the gates; without any gate here or below, those that strangler.toml wants before the next"
    " stage.",
)
@click.option("--agreement", type=float, help="The share of pairs that must surely agree, such as 0.999.")
@click.option("--transient", type=float, help="How much more may differ for a moment than the monolith changes.")
@click.option("--errors", type=float, help="How much more often than the monolith the candidate may fail.")
@click.option("--latency", type=float, help="How many times the monolith's the candidate's p95 may be.")
@click.option("--requests", type=int, help="How many requests of the candidate there must be.")
@click.option("--time", "lasted", metavar="TIME", help="How long the stage must have lasted, such as 30m.")
@click.option("--breaker", is_flag=True, help="The candidate's breaker must never have opened.")
@click.option("--approval", metavar="WORD", help="An approval of that word, name or role must be there.")
@click.option(
    "--since",
    metavar="TIME",
    callback=lasting,
    help="Of what was seen in the last so much time.  [default: since stage or share changed]",
)
@click.option("--watch", is_flag=True, help="Look again until all pass or one fails.")
@click.option("--timeout", metavar="TIME", callback=lasting, help="How long to watch.  [default: for ever]")
@JSON
@CONFIG
def gate(
    names: tuple[str, ...],
    file: Path | None,
    lasted: str | None,
    breaker: bool,
    since: float | None,
    watch: bool,
    timeout: float | None,
    as_json: bool,
    config: Path,
    **numbers: Any,
) -> None:
    """Say of each NAME whether it passes its gates, what each gate saw and what it wants. NAME may be a glob.

    Addresses, commands and Prometheus are asked from here, once everything else passes. Ends with 0 when all pass, with
    1 when one fails, with 3 when there is not enough to tell: no data never passes.
    """
    options = {key: value for key, value in numbers.items() if value is not None}
    options |= {} if lasted is None else {"time": lasted}
    options |= {"breaker": "never open"} if breaker else {}
    table, gates = given_gates(file, options) if file is not None or options else (None, Gates())
    until = None if timeout is None else time.monotonic() + timeout
    shown: list[tuple[str, str]] = []
    with control_client(config) as client, edits_named(config):
        while True:
            rows = _look(client, names, table, gates, since)
            verdict = _worst(row["verdict"] for row in rows)
            over = not watch or verdict != "inconclusive" or (until is not None and time.monotonic() >= until)
            if not as_json:
                shown = _tell(rows, shown)
            if over:
                break
            time.sleep(_LOOK_EVERY)
    if as_json:
        print_json({"verdict": verdict, "routes": rows})
    raise SystemExit(_EXIT_CODES[verdict])


def _look(
    client: ControlClient,
    names: Sequence[str],
    table: Mapping[str, Any] | None,
    gates: Gates,
    since: float | None,
) -> list[dict[str, Any]]:
    """One look at all; what is judged here, once the control plane has nothing against it."""
    inside = None if table is None else sent_along(table)
    rows = client.gates(names, gates=inside, since=None if since is None else max(0.0, time.time() - since))
    if is_outside(gates) and _worst(row["verdict"] for row in rows) == "pass":
        found = [each.to_json() for each in judge_here(gates, _run)]
        for row in rows:
            row["gates"] += found
            row["verdict"] = _worst(each["verdict"] for each in row["gates"])
            row["reason"] = " ".join(each["reason"] for each in row["gates"] if each["verdict"] == row["verdict"])
    return rows


def _run(command: str, timeout: float) -> Ran:
    # Standard output is for what we have to say.
    return run_command(command, timeout, Path.cwd(), lambda line: click.echo(line, err=True))


def _worst(verdicts: Any) -> str:
    found = set(verdicts)
    return next((each for each in ("fail", "inconclusive") if each in found), "pass")


def _tell(rows: Sequence[Mapping[str, Any]], shown: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Print what is another than at the last look; what is shown now."""
    now = [(row["name"], each["reason"]) for row in rows for each in row["gates"]]
    if shown and now == shown:
        return shown
    if shown:
        print_text()
    for row in rows:
        if not row["gates"]:
            before = f" before `{row['before']}`" if row["before"] else ""
            print_text(f"{row['name']}: no gate is asked for{before}.")
    judged = [(row["name"], each) for row in rows for each in row["gates"]]
    if judged:
        print_table(
            ("route", "gate", "verdict", "what it saw and what it wants"),
            ((name, each["gate"], _WORDS[each["verdict"]], each["reason"]) for name, each in judged),
        )
    return now
