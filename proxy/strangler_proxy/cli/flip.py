"""`strangler flip`: move a route or seam to a stage."""

from __future__ import annotations

from pathlib import Path

import click

from strangler.toggles import Side, Stage
from strangler_proxy.cli.options import CONFIG, JSON, WAIT, WHY
from strangler_proxy.cli.remote import control_client, edits_named, finish

__all__ = ["flip"]


def parsed_override(text: str) -> tuple[str, str | None]:
    """`SUBJECT=candidate`, `SUBJECT=monolith` or `SUBJECT=none` as subject and side. Raises ValueError."""
    subject, equals, side = text.rpartition("=")
    if not subject or not equals or side not in {*Side, "none"}:
        raise ValueError(f"{text!r} is not SUBJECT=candidate, SUBJECT=monolith or SUBJECT=none")
    return subject, None if side == "none" else side


def _overrides(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str | None] | None:
    try:
        return dict(parsed_override(each) for each in given) or None
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(short_help="Move a route or seam to a stage.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.argument("stage", metavar="STAGE", type=click.Choice([stage.value for stage in Stage]))
@click.option("--share", help="For stage canary: the share of subjects that the candidate answers, such as 10%.")
@WHY
@click.option("--force", is_flag=True, help="Skip stages; the audit says so.")
@click.option("--confirm", metavar="NAME", help="The toggle's name once more, for the one-way door to retired.")
@click.option(
    "--override",
    "overrides",
    metavar="SUBJECT=SIDE",
    multiple=True,
    callback=_overrides,
    help="In stage canary, give one subject the candidate or the monolith; `none` takes that back.",
)
@click.option(
    "--expect-revision", metavar="N", type=click.IntRange(0), help="Only if the toggles are at this revision still."
)
@click.option("--dry-run", is_flag=True, help="Move nothing: say what would move, or why it may not.")
@WAIT
@JSON
@CONFIG
def flip(
    names: tuple[str, ...],
    stage: str,
    share: str | None,
    why: str,
    force: bool,
    confirm: str | None,
    overrides: dict[str, str | None] | None,
    expect_revision: int | None,
    dry_run: bool,
    wait: float | None,
    as_json: bool,
    config: Path,
) -> None:
    """Move each NAME to STAGE, at once and on every worker.

    STAGE is monolith, shadow, canary, extracted or retired. NAME may be a glob such as `catalog.*`. All of them move
    under one revision, or none does. Ends with 0 when every worker of every replica that is heard of has acknowledged,
    with 3 when one has not in time. With --dry-run nothing moves: it ends as the move would, short of the workers.
    """
    with control_client(config) as client, edits_named(config):
        outcome = client.flip(
            names,
            stage,
            why=why,
            share=share,
            overrides=overrides,
            force=force,
            confirm=confirm,
            expected_revision=expect_revision,
            wait_seconds=wait,
            dry_run=dry_run,
        )
    finish(outcome, as_json)
