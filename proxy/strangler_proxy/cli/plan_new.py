"""`strangler plan new`: a draft of the plan, from an inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from strangler.errors import StranglerError
from strangler.inventory import read_inventory
from strangler_proxy.cli.options import JSON
from strangler_proxy.cli.output import print_json, print_text, warn
from strangler_proxy.plan_draft import Draft, Weighed, churn_of, draft_text, parts_of, tangles_of, traffic_of, weigh
from strangler_proxy.words import counted

__all__ = ["new"]


@click.command(short_help="Draft a plan for a monolith.")
@click.option(
    "--inventory",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="What `python manage.py strangler_inventory` wrote in the monolith.",
)
@click.option(
    "--access-log",
    "logs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="An access log, of Apache or nginx or our own; may be repeated.",
)
@click.option(
    "--callers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `python manage.py strangler_callers --json` counted.",
)
@click.option(
    "--repository",
    type=click.Path(path_type=Path, file_okay=False),
    help="The project's folder here, for its git history.  [default: the inventory's]",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@JSON
def new(
    inventory: Path,
    logs: tuple[Path, ...],
    callers: Path | None,
    repository: Path | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Draft a plan: which parts of the monolith could leave, in which order and why, what ties them together, what
    should not leave at all, and steps that `strangler plan` reads.

    What is not known is said in the draft. With --json: what was counted of each part, and no text. Ends with 2 for bad
    input, and for a file that is there already.
    """
    known = read_inventory(inventory)
    traffic = traffic_of(known, logs, callers)
    folder = repository or Path(known.site.folder)
    churn = churn_of(folder, known.apps) if folder.is_dir() else None
    if repository is not None and churn is None:
        warn(f"{repository} has no git history of the last year: how often parts change is not known.")
    parts = parts_of(known)
    draft = Draft(known, tuple(weigh(parts, known, traffic, churn)), tuple(tangles_of(known, parts)), traffic, churn)
    if as_json:
        print_json({"parts": [_numbers(each) for each in draft.weighed], "tangles": len(draft.tangles)})
        return
    text = draft_text(draft)
    if output is None:
        click.echo(text, nl=False)
        return
    _write(output, text, force=force)
    moving, staying = counted(len(draft.moving), "part"), len(draft.staying)
    print_text(f"{output}: {moving} to move, {staying} to stay, {counted(len(draft.tangles), 'tangle')}.")
    print_text(f"Read it, argue with it, then: strangler plan status --plan {output}")


def _numbers(each: Weighed) -> dict[str, Any]:
    return {
        "part": each.part.name,
        "apps": list(each.part.labels),
        "views": len(each.part.views),
        "advice": each.advice.value,
        "reason": each.reason,
        "requests": each.requests,
        "share": each.share,
        "commits": each.commits,
        "outward": each.outward,
        "inward": each.inward,
        "coupling": round(each.coupling, 4),
        "risk": round(each.risk, 4),
        "worth": round(each.worth, 4),
    }


def _write(output: Path, text: str, *, force: bool) -> None:
    try:
        with output.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StranglerError(f"{output} is there already. Name another file, or write over it with --force.") from None
    except OSError as error:
        raise StranglerError(f"{output} cannot be written: {error.strerror}. Name another file.") from error
