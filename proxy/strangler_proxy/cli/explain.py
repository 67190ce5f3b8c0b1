"""`strangler explain`: which route a request takes, why, and who would answer it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import click

from strangler.inventory import read_inventory
from strangler.toggles import Side
from strangler_proxy.cli.options import CONFIG, INVENTORY, JSON
from strangler_proxy.cli.output import print_json, print_pairs, print_table, print_text
from strangler_proxy.cli.present import Present, present_toggles
from strangler_proxy.cli.taken import Taken, explain_route, told_monolith
from strangler_proxy.config import Config, load_config
from strangler_proxy.inquiry import Inquiry, inquire, parse_header, parse_target
from strangler_proxy.routes import RouteTable
from strangler_proxy.state import StateDir
from strangler_proxy.subject import SubjectKeyError, Subjects, load_or_create_key

__all__ = ["explain"]


def _subject_of(config: Config, headers: Sequence[tuple[bytes, bytes]]) -> list[str]:
    """The subject that the proxy would find in these headers; none where it would draw a new one."""
    key = StateDir.of(config).subject_key
    if not headers or (not config.subject and not key.exists()):
        return []
    try:
        # Without a key of its own yet this proxy knows no cookie, but a configured source may still tell.
        subject = Subjects(load_or_create_key(key) if key.exists() else bytes(32), config.subject).of(headers)
    except SubjectKeyError:
        return []
    return [] if subject.new else [subject.value]


@click.command(short_help="Say who answers a request, and why.")
@click.argument("method", metavar="METHOD|ROUTE")
@click.argument("path", required=False)
@click.option("--header", "headers", metavar="NAME:VALUE", multiple=True, help="A header of the request.")
@click.option("--subject", "subjects", metavar="SUBJECT", multiple=True, help="Somebody who asks.")
@click.option(
    "--subjects-file", type=click.File(encoding="utf-8"), metavar="FILE", help="Subjects, one a line; - reads them in."
)
@INVENTORY
@JSON
@CONFIG
def explain(
    method: str,
    path: str | None,
    headers: tuple[str, ...],
    subjects: tuple[str, ...],
    subjects_file: TextIO | None,
    inventory_file: Path | None,
    as_json: bool,
    config: Path,
) -> None:
    """Say which route the request METHOD PATH takes, why, and who would answer it for which subject.

    PATH is as a client would send it, percent-encoded, with its query if it has one; a whole URL will do. It works
    from configuration and snapshot, whether the proxy runs or not.

    With --inventory it says which views of the monolith the route takes, by which of their URLs; and a route's name
    will do instead of a request.
    """
    taken = load_config(config)
    inventory = None if inventory_file is None else read_inventory(inventory_file)
    if path is None:
        explain_route(taken, method, inventory, as_json)
        return
    pairs = [parse_header(header) for header in headers]
    asking = [*subjects, *(line.strip() for line in subjects_file or () if line.strip())]
    present = present_toggles(taken, config)
    inquiry = inquire(
        taken,
        RouteTable(taken.routes, file=str(config)),
        present.snapshot,
        method.upper(),
        parse_target(path),
        pairs,
        asking or _subject_of(taken, pairs),
    )
    route = None if inquiry.explanation.match is None else inquiry.explanation.match.route
    if as_json:
        document = {"revision": present.snapshot.revision, "source": present.source, **inquiry.to_json()}
        if inventory is not None:
            document["monolith"] = told_monolith(inventory, inquiry.explanation.path)
            document["taken"] = None if route is None else Taken(taken, route, inventory).to_json()
        print_json(document)
        return
    _print(taken, inquiry, present)
    if inventory is not None:
        print_text()
        print_pairs([("monolith", told_monolith(inventory, inquiry.explanation.path))])
        if route is not None:
            print_text()
            Taken(taken, route, inventory).print()


def _print(config: Config, inquiry: Inquiry, present: Present) -> None:
    explanation = inquiry.explanation
    route = None if explanation.match is None else explanation.match.route
    pairs: list[tuple[str, object]] = [("path", f"{explanation.method} {explanation.path or 'none'}")]
    if route is None:
        pairs.append(("route", "none"))
    else:
        place = "" if route.line is None else f"  ({config.path}:{route.line})"
        pairs.append(("route", f"{route.name}{place}"))
        pairs.append(("template", f"{' '.join(sorted(route.methods))} {route.path}"))
    pairs.append(("why", explanation.why))
    if explanation.match is not None and explanation.match.params:
        pairs.append(("params", ", ".join(f"{name} = {value}" for name, value in explanation.match.params.items())))
    pairs += [("stage", f"{inquiry.stage}  ({present})"), ("answers", inquiry.rest), ("fallback", inquiry.fallback)]
    if inquiry.asked_as is not None and route is not None:
        pairs.append(("asked as", f"{route.candidate} {inquiry.asked_as}"))
    if inquiry.identity is not None:
        pairs.append(("identity", inquiry.identity))
    if inquiry.shadow is not None:
        pairs.append(("in shadow", inquiry.shadow))
    print_pairs(pairs)
    if explanation.rivals:
        print_text()
        rivals = explanation.rivals
        print_table(
            ("rival", "path", "lost because"), ((each.route.name, each.route.path, each.why) for each in rivals)
        )
    if inquiry.answers:
        print_text()
        answers = inquiry.answers
        print_table(
            ("subject", "answered by", "because"), ((each.subject, each.upstream, each.why) for each in answers)
        )
        count = sum(answer.side is Side.CANDIDATE for answer in answers)
        if len(answers) > 1:
            print_text(f"\n{count} of {len(answers)} subjects by the candidate.".strip("\n"))
