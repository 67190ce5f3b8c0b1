"""`strangler approve`: a person's yes."""

from __future__ import annotations

from pathlib import Path

import click

from strangler_proxy.cli.options import CONFIG, JSON, WHY
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.cli.remote import control_client, edits_named

__all__ = ["approve"]


@click.command(short_help="Say a person's yes to routes, for a gate that waits for it.")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--as", "word", metavar="WORD", default="approve", show_default=True, help="The word that a gate wants.")
@WHY
@JSON
@CONFIG
def approve(names: tuple[str, ...], word: str, why: str, as_json: bool, config: Path) -> None:
    """Say yes to each NAME, a route or seam, in the stage that it is in now. NAME may be a glob.

    A gate such as `approval = "tech lead"` passes by it where WORD, the token's role or your name is what it wants. It
    needs a token with the role `approve`, and stands in the audit.
    """
    with control_client(config) as client, edits_named(config):
        outcome = client.approve(names, word=word, why=why)
    if as_json:
        print_json(outcome)
    else:
        print_text(f"Approved as {outcome['word']!r} by {outcome['who']}: {', '.join(outcome['approved'])}.")
