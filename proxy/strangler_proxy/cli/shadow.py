"""`strangler shadow`: what shadow traffic has shown, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from strangler_proxy.cli.options import CONFIG, JSON, WHY
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.cli.shadow_agreement import agreement
from strangler_proxy.cli.shadow_report import report
from strangler_proxy.cli.shadow_rule import rule
from strangler_proxy.cli.shadow_samples import samples
from strangler_proxy.cli.subject_words import SUBJECT_HELP, subject_in
from strangler_proxy.plain import reason
from strangler_proxy.words import counted

__all__ = ["shadow"]


@click.group(short_help="What shadow traffic has shown: report, agreement over time, samples.")
def shadow() -> None:
    """What has been observed of routes whose requests were copied to the other side."""


shadow.add_command(report)
shadow.add_command(agreement)
shadow.add_command(samples)
shadow.add_command(rule)


@shadow.command(short_help="Forget the evidence of routes.")
@click.argument("routes", metavar="ROUTE...", nargs=-1, required=True)
@click.option("--release", help="Only of this release of the candidate.")
@WHY
@JSON
@CONFIG
def clear(routes: tuple[str, ...], release: str | None, why: str, as_json: bool, config: Path) -> None:
    """Forget everything that was observed of each ROUTE; a glob will do. Counting begins anew."""
    with control_client(config) as client:
        cleared = client.clear(routes, why=why, release=release)
    if as_json:
        print_json({"cleared": cleared})
    else:
        print_text(f"Evidence of {', '.join(cleared)} is forgotten.")


@shadow.command(short_help="Forget a person's kept pairs.")
@click.option("--subject", required=True, callback=subject_in, help=f"The person: {SUBJECT_HELP}.")
@WHY
@JSON
@CONFIG
def erase(subject: str, why: str, as_json: bool, config: Path) -> None:
    """Forget every whole pair that was kept of one person. Counts stay: they name nobody."""
    with control_client(config) as client:
        erased = client.erase(subject, why=why)
    if as_json:
        print_json({"erased": erased})
    else:
        print_text(f"{counted(erased, 'kept pair')} erased.")
        if not erased:
            print_text(f"Nothing was kept under that subject, which is to be {SUBJECT_HELP}.")


@shadow.command(short_help="Judge kept pairs by other rules.")
@click.argument("routes", metavar="ROUTE...", nargs=-1, required=True)
@click.option(
    "--rules",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="By this rule file; by default by the proxy's as it stands now.",
)
@click.option("--keep", is_flag=True, help="Keep the pairs as they are judged now.")
@JSON
@CONFIG
def rejudge(routes: tuple[str, ...], rules: Path | None, keep: bool, as_json: bool, config: Path) -> None:
    """Say what other compare rules make of the pairs that are kept of each ROUTE.

    Nothing is changed, unless with --keep. Counts stay as they were: kept pairs are examples and no sample. What is
    counted from now on goes by new rules after `strangler reload`, and begins anew.
    """
    text = None if rules is None else _text(rules)
    with control_client(config) as client:
        outcome = client.rejudge(routes, rules=text, keep=keep)
    if as_json:
        print_json(outcome)
        return
    _tell(outcome)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path} cannot be read: {reason(error)}", param_hint="--rules") from error


def _tell(outcome: dict[str, Any]) -> None:
    before, after = outcome["before"], outcome["after"]
    kept = "They are kept as they are judged now" if outcome["kept"] else "Nothing was changed: --keep would"
    print_text(f"{counted(outcome['pairs'], 'kept pair')} judged by rules {outcome['rules']}. {kept}.")
    print_table(("verdict", "before", "now"), ((verdict, before[verdict], after[verdict]) for verdict in before))
    if outcome["fields"]:
        print_text()
        print_table(
            ("route", "field", "kind", "before", "now"),
            ((each["route"], each["field"], each["kind"], each["before"], each["after"]) for each in outcome["fields"]),
        )
    if outcome["pairs"]:
        print_text()
        print_text("`strangler reload` puts the rules of the proxy's file into force; counting begins anew under them.")
