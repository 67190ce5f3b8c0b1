"""`strangler compare`: two answers, or a saved pair, under the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from strangler.compare import Answer, Comparison, NoiseVerdict, Rule, Rules, Verdict, compare_answers, judge, load_rules
from strangler_proxy.cli.amounts import Finite
from strangler_proxy.cli.options import JSON
from strangler_proxy.cli.output import print_json, print_pairs, print_table, print_text
from strangler_proxy.cli.sources import Source, is_url, load_pair, load_source
from strangler_proxy.cli.verdict import EXIT_CODES, difference_json, header_lines, rule_json, side_words

__all__ = ["compare"]

_MOST_SHOWN = 20
_POSITIVE = Finite(0, min_open=True)


@click.command(short_help="Compare two answers, or a saved pair.")
@click.argument("old")
@click.argument("new", required=False)
@click.option("--rules", "rules_file", type=click.Path(path_type=Path, dir_okay=False), help="Compare rules.")
@click.option("--route", metavar="NAME", default="", help="Under that route's rules; a saved pair has its own.")
@click.option("--header", "headers", metavar="NAME:VALUE", multiple=True, help="A header to ask addresses with.")
@click.option("--type", "content_type", metavar="TYPE", default="", help="The files' type, not by their endings.")
@click.option("--timeout", "seconds", type=_POSITIVE, default=30.0, show_default=True, help="Seconds for an answer.")
@click.option(
    "--again",
    type=click.IntRange(0, 20),
    default=1,
    show_default=True,
    help="Further looks at noise, of addresses.",
)
@click.option("--all", "show_all", is_flag=True, help=f"Show every difference, not the first {_MOST_SHOWN}.")
@JSON
def compare(
    old: str,
    new: str | None,
    rules_file: Path | None,
    route: str,
    headers: tuple[str, ...],
    content_type: str,
    seconds: float,
    again: int,
    show_all: bool,
    as_json: bool,
) -> None:
    """Compare OLD with NEW: two addresses, which are asked with GET, or two files.

    Where addresses differ, OLD is asked again: what it does not itself repeat is noise, and no difference. A file holds
    a body, whose Content-Type is told by its ending, or an answer saved as JSON. With OLD alone it is a saved pair,
    such as a case of `strangler replay --save`. Ends with 0 when they agree, 1 when they differ, 3 when nothing can be
    said.
    """
    rules = Rules() if rules_file is None else load_rules(rules_file)
    if new is None:
        if is_url(old):
            raise click.UsageError("Missing argument 'NEW': give a second address to compare with.")
        pair = load_pair(Path(old))
        route = route or pair.request.route
        found = NoiseVerdict(compare_answers(pair.old, pair.new, rules, route=route))
    else:
        lines = header_lines(headers)
        load = partial(load_source, content_type=content_type, headers=lines, seconds=seconds)
        sources = [load(each) for each in (old, new)]
        if sources[0].whole != sources[1].whole:
            raise click.UsageError(
                "One is a whole answer, the other a body alone. Give two of a kind: addresses, saved answers or bodies."
            )
        more = again if is_url(old) else 0
        found = _compared(sources[0], sources[1], (load(old) for _ in range(more)), rules, route)
    comparison = found.comparison
    matched = [rule for number, rule in enumerate(rules.rules) if number in comparison.matched]
    unused = rules.unused([comparison])
    if as_json:
        print_json(_json(found, route, matched, unused))
    else:
        _print(found, matched, unused, show_all=show_all)
    raise SystemExit(EXIT_CODES[comparison.verdict])


def _compared(old: Source, new: Source, again: Iterator[Source], rules: Rules, route: str) -> NoiseVerdict:
    """The comparison of two answers; where they differ, beside what the old side answers `again`."""
    if old.answer is None or new.answer is None:
        return _unknown((("old", old), ("new", new)))
    comparison = compare_answers(old.answer, new.answer, rules, route=route)
    if comparison.verdict is not Verdict.DIFFER:
        return NoiseVerdict(comparison)
    repeats: list[Answer] = []
    for source in again:
        if source.answer is None:
            return _unknown([("old, asked again", source)])
        repeats.append(source.answer)
    return judge(old.answer, new.answer, repeats, rules, route=route)


def _unknown(sources: Iterable[tuple[str, Source]]) -> NoiseVerdict:
    causes = (f"{name}: {source.why}" for name, source in sources if source.answer is None)
    return NoiseVerdict(Comparison(Verdict.INCONCLUSIVE, cause=", ".join(causes)))


def _json(found: NoiseVerdict, route: str, matched: Sequence[Rule], unused: Sequence[Rule]) -> dict[str, Any]:
    comparison = found.comparison
    return {
        "verdict": comparison.verdict.value,
        "cause": comparison.cause,
        "detail": comparison.detail,
        "route": route,
        "differences": [difference_json(each) for each in comparison.differences],
        "truncated": comparison.truncated,
        "noise": [{"path": each.path, "field": each.field, "kind": each.kind.value} for each in found.noise],
        "rules": {"matched": [rule_json(rule) for rule in matched], "unused": [rule_json(rule) for rule in unused]},
    }


def _print(found: NoiseVerdict, matched: Sequence[Rule], unused: Sequence[Rule], *, show_all: bool) -> None:
    comparison = found.comparison
    differences = comparison.differences if show_all else comparison.differences[:_MOST_SHOWN]
    if differences:
        print_table(
            ("path", "kind", "severity", "old", "new"),
            ((each.path, each.kind, each.severity, side_words(each.old), side_words(each.new)) for each in differences),
        )
        left = len(comparison.differences) - len(differences)
        if left:
            print_text(f"and {left} more: --all shows them.")
        if comparison.truncated:
            print_text("There are more, which were not looked for.")
        print_text()
    if found.noise:
        print_table(("noise: OLD does not repeat it", "kind"), ((each.path, each.kind) for each in found.noise))
        print_text()
    for title, rules in (("met", matched), ("not met", unused)):
        if rules:
            print_table((f"rules {title}", "why"), ((rule, rule.why) for rule in rules))
            print_text()
    words = ": ".join(filter(None, (comparison.cause, comparison.detail)))
    cause = f" ({words})" if words else ""
    print_pairs([("verdict", f"{comparison.verdict}{cause}")])
