"""`strangler shadow rule`: make a compare rule of a difference, see what it would change, and have it written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from strangler.compare import NormalForm, Severity, ValueClass
from strangler.compare.rule_making import action_of
from strangler_proxy.cli.options import CONFIG, JSON, WHY
from strangler_proxy.cli.output import print_json, print_table, print_text, warn
from strangler_proxy.cli.remote import control_client
from strangler_proxy.rule_draft import RuleDraft, draft_rule
from strangler_proxy.words import counted

__all__ = ["rule"]

_VERDICTS: Final = ("agree", "differ", "inconclusive")


@click.command(short_help="Make a compare rule of a difference: see what it would change, and have it written.")
@click.argument("route")
@click.argument("field")
@click.option("--ignore", is_flag=True, help="Nothing there or below matters.")
@click.option("--tolerance", metavar="N", help="Numbers at most so far apart; `0.1%` of the greater one.")
@click.option("--time", metavar="SECONDS", help="Timestamps at most so many seconds apart.")
@click.option("--class", metavar="CLASS", help=f"Both of the class: {', '.join(ValueClass)}.")
@click.option("--list", metavar="HOW", help='A list in any order, "set"; or "key:NAME".')
@click.option("--normal", metavar="FORM,...", help=f"Texts equal in these forms: {', '.join(NormalForm)}.")
@click.option("--ids", metavar="SPACE", help="Ids of that name space.")
@click.option("--url-host", is_flag=True, help="Absolute URLs equal but for scheme, host and port.")
@click.option("--severity", metavar="SEVERITY", help=f"Of differences there and below: {', '.join(Severity)}.")
@WHY
@click.option("--write", is_flag=True, help="Have the proxy write it into its rule file, and reload.")
@JSON
@CONFIG
def rule(
    route: str, field: str, why: str, write: bool, as_json: bool, config: Path, **actions: str | bool | None
) -> None:
    """Make a rule for ROUTE at FIELD, as a report names it: `$.results[*].price` or `header:Vary`. Say one thing
    that it does.

    Shown are the patch to the rule file, and what the rule would have changed on the pairs that are kept of the route.
    Nothing is written, unless with --write, which the proxy has to allow: `strangler serve --edit-rules`.
    """
    try:
        action = action_of(*_chosen(actions))
        with control_client(config) as client:
            draft = draft_rule(client, route, field, action, why)
            written = (
                client.write_rules(draft.text, expected_digest=draft.digest, why=why) if write else {"reloading": None}
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        print_json({**draft.to_json(), "written": write, "reloading": written["reloading"]})
        return
    _tell(draft)
    if draft.edited:
        warn(f"{config} was edited since the proxy took it up: the reload for the rule takes that up too.")
    print_text()
    print_text(_end(draft, written))


def _chosen(actions: Mapping[str, str | bool | None]) -> tuple[str, str]:
    """The one key that is given, and its value as text."""
    given = [(key, "" if value is True else str(value)) for key, value in actions.items() if value not in (None, False)]
    if len(given) != 1:
        raise ValueError(f"Say one thing that the rule does: {', '.join(_option(key) for key in actions)}.")
    return given[0]


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _tell(draft: RuleDraft) -> None:
    print_text(
        f"Of {counted(draft.pairs, 'kept pair')}, {draft.excused} would differ no more."
        if draft.pairs
        else "No pair is kept of this route: what the rule would have changed cannot be told."
    )
    print_table(
        ("verdict", "without it", "with it"),
        ((verdict, draft.before[verdict], draft.after[verdict]) for verdict in _VERDICTS),
    )
    if draft.fields:
        print_text()
        print_table(
            ("field", "kind", "without it", "with it"),
            ((each.field, each.kind, each.before, each.after) for each in draft.fields),
        )
    elif draft.pairs:
        print_text("It changes nothing on them: is it the right field?")
    print_text()
    for line in draft.patch.splitlines():
        print_text(line)


def _end(draft: RuleDraft, written: Mapping[str, Any]) -> str:
    match written["reloading"]:
        case None if draft.editable:
            return f"Nothing was written: --write puts it into {draft.file}."
        case None:
            return f"Nothing was written: put the patch into {draft.file}, then `strangler reload`."
        case True:
            return f"{draft.file} is written, and the proxy is reloading. Counting begins anew under the new rules."
        case _:
            return f"{draft.file} is written. `strangler reload` puts it into force."
