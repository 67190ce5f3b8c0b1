"""`strangler shadow samples`: both answers side by side, differences marked."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from strangler.compare import Cause, DifferenceKind, Verdict
from strangler.evidence import KeptPair
from strangler.recording import write_case
from strangler_proxy.cli.both_answers import rows_of
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client, running_config
from strangler_proxy.cli.subject_words import SUBJECT_HELP, subject_in
from strangler_proxy.config import Config
from strangler_proxy.plain import plain
from strangler_proxy.sample import case_name, case_of, curls_of
from strangler_proxy.words import counted, milliseconds, moment

__all__ = ["samples"]

_PIPE_WIDTH = 200


@click.command(short_help="Show kept pairs: both answers side by side.")
@click.argument("route", required=False)
@click.option("--path", metavar="FIELD", help="With a difference at this field, as the report names it.")
@click.option(
    "--kind", type=click.Choice([each.value for each in DifferenceKind]), help="With a difference of this kind."
)
@click.option("--verdict", type=click.Choice([each.value for each in Verdict]), help="With this verdict.")
@click.option("--cause", type=click.Choice([each.value for each in Cause]), help="Inconclusive for this reason.")
@click.option("--subject", callback=subject_in, help=f"Of this subject: {SUBJECT_HELP}.")
@click.option("--id", "name", help="The one of this id.")
@click.option("--limit", type=click.IntRange(1, 200), default=3, show_default=True, help="At most so many.")
@click.option("--whole", is_flag=True, help="Show the equal lines too, and headers that are never compared.")
@click.option("--curl", "as_curl", is_flag=True, help="Show each request as a curl command to either side.")
@click.option(
    "--save",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each as a parity case into this folder.",
)
@JSON
@CONFIG
def samples(
    route: str | None,
    path: str | None,
    kind: str | None,
    verdict: str | None,
    cause: str | None,
    subject: str | None,
    name: str | None,
    limit: int,
    whole: bool,
    as_curl: bool,
    save: Path | None,
    as_json: bool,
    config: Path,
) -> None:
    """Show whole pairs that were kept of ROUTE, newest first: what was asked, and both answers beside each other.

    Secrets were taken out before they were kept: in their place stand marks, which are equal where the secrets were.
    Ends with 1 where nothing is kept that fits.
    """
    with control_client(config) as client:
        if name is not None:
            found = [client.pair(name)]
        else:
            asked = {"path": path, "kind": kind, "verdict": verdict, "cause": cause, "subject": subject}
            found = client.pairs(route=route, limit=limit, **asked)
    if route is not None and not found:
        _known(route, config)
    if save is not None:
        for kept in found:
            write_case(save / case_name(kept), case_of(kept))
    if as_json:
        print_json({"pairs": [kept.to_json() for kept in found]})
    else:
        running = running_config(config, {}, silent=True) if as_curl else None
        for kept in found:
            _tell(kept, running, whole=whole)
        if save is not None and found:
            print_text(f"{counted(len(found), 'case')} written to {save}.")
        if not found:
            print_text("No pair is kept that fits.")
    if not found:
        raise SystemExit(1)


def _known(route: str, config: Path) -> None:
    """Nothing is kept of `route`: say so where there is no such route. There may be pairs of one that was taken out."""
    if not any(each.name == route for each in running_config(config, {}, silent=True).routes):
        right = "`strangler routes` lists them; give one whole name, or none for all."
        raise click.BadParameter(f"No route is named {route!r}. {right}", param_hint="ROUTE")


def _tell(kept: KeptPair, config: Config | None, *, whole: bool) -> None:
    request = kept.pair.request
    cause = f" ({kept.cause})" if kept.cause else ""
    print_text(f"{request.method} {request.target}")
    print_text(f"  {kept.scope.route}, stage {kept.stage}: {kept.answering} answered, {moment(kept.at)}")
    print_text(f"  release {kept.scope.release or 'unknown'}: {kept.verdict}{cause}; id {kept.id}")
    print_text(f"  monolith {milliseconds(kept.seconds[0])}, candidate {milliseconds(kept.seconds[1])}")
    if kept.differences:
        print_table(
            ("  path", "kind", "severity", "monolith", "candidate"),
            (
                (f"  {each.path}", each.kind, each.severity, _side(each.old), _side(each.new))
                for each in kept.differences
            ),
        )
    _print_sides(kept, whole=whole)
    if config is not None:
        for side, command in curls_of(kept, config).items():
            print_text(f"  {side}: {command}")
        print_text("  Where it says redacted-…, a secret was taken out: put one of your own there.")
    print_text()


def _side(text: str | None) -> str:
    return "nothing" if text is None else text


def _print_sides(kept: KeptPair, *, whole: bool) -> None:
    table = Table(padding=(0, 1), show_edge=False, header_style="bold", expand=False)
    table.add_column("", width=1)
    for side in ("monolith", "candidate"):
        table.add_column(side, overflow="fold", ratio=1)
    for row in rows_of(kept, whole=whole):
        if row.old is None and row.new is None:
            table.add_row("", Text("…", style="dim"), Text("…", style="dim"))
            continue
        style = "bold" if row.differs else "dim"
        cells = [Text(plain(each or ""), style=style) for each in (row.old, row.new)]
        table.add_row("≠" if row.differs else "", *cells)
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
    with console.capture() as drawn:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in drawn.get().split("\n")), nl=False)
