"""`strangler shadow report`: whether the sides answer alike, and if not, where."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any, Final

import click

from strangler.errors import StranglerError
from strangler_proxy.causes import told_causes
from strangler_proxy.cli.amounts import Finite
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.cli.report_page import page
from strangler_proxy.words import counted, milliseconds, moment, percent

__all__ = ["exit_code_of", "report"]

_WORDS: Final = {"pass": "pass", "fail": "FAIL", "inconclusive": "inconclusive"}
_MOST_ROWS: Final = 20
_MOST_SCOPES: Final = 4


def judgements_of(report: Mapping[str, Any], *, latency: bool) -> list[Mapping[str, Any]]:
    """What decides: the agreement, differences that pass, and the times if they are to count."""
    wanted = [report["agreement"]]
    # Without a recheck there is nothing to hold passing differences against: that alone keeps nobody back.
    if report["change"]["verdict"] == "fail":
        wanted.append(report["change"])
    return [*wanted, report["latency"]] if latency else wanted


def exit_code_of(reports: Sequence[Mapping[str, Any]], *, latency: bool) -> int:
    """0 where all pass, 1 where one fails, else 3: also where there is no report at all."""
    verdicts = [each["verdict"] for report in reports for each in judgements_of(report, latency=latency)]
    if "fail" in verdicts:
        return 1
    return 0 if verdicts and set(verdicts) == {"pass"} else 3


@click.command(short_help="Say whether the sides answer alike, and if not, where.")
@click.argument("routes", metavar="[ROUTE]...", nargs=-1)
@click.option(
    "--release", help="Of this release of the candidate, '' for one not told; by default the one with the newest pairs."
)
@click.option("--since", metavar="DAYS", type=Finite(0), help="Only of the last so many days.")
@click.option(
    "--bound",
    type=Finite(0, 1, max_open=True),
    default=0.99,
    show_default=True,
    help="The share of pairs that must surely agree.",
)
@click.option("--group", help="Only of this group of customers: a name under [groups], `credentials` or `anonymous`.")
@click.option("--latency", is_flag=True, help="Let the exit code speak of the candidate's times too.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write it as one HTML file that needs nothing else, to attach to a review.",
)
@JSON
@CONFIG
def report(
    routes: tuple[str, ...],
    release: str | None,
    since: float | None,
    bound: float,
    group: str | None,
    latency: bool,
    html: Path | None,
    as_json: bool,
    config: Path,
) -> None:
    """Say of each ROUTE, or of all, whether the candidate answers as the monolith does, and where it does not.

    ROUTE may be a glob such as `catalog.*`; of a single route everything is told. Ends with 0 when every route surely
    agrees as often as --bound, with 1 when one surely does not, with 3 when there is not enough to tell: no data never
    passes.
    """
    if group is not None and (latency or html):
        raise click.UsageError("--group tells of agreement alone: leave --latency and --html out.")
    asked = {
        "release": release,
        "bound": bound,
        "since": None if since is None else max(0.0, time.time() - since * 86400),
    }
    with control_client(config) as client:
        reports = client.reports(routes, **asked)
        if html is not None:
            examples = [
                client.pair(name)
                for each in reports
                for found in each["differences"][:10]
                for name in found["examples"][:1]
            ]
            _write(html, page(reports, examples, datetime.now(UTC)))
    if group is not None:
        reports = [_of_group(each, group) for each in reports]
    if as_json:
        print_json({"reports": reports})
    else:
        for line in _summary(reports):
            print_text(line)
        if len(reports) == 1 and group is None:
            _tell(reports[0])
        if html is not None:
            print_text()
            print_text(f"Written to {html}.")
    raise SystemExit(exit_code_of(reports, latency=latency))


def _of_group(report: Mapping[str, Any], group: str) -> dict[str, Any]:
    """What of a report is known of one group: its agreement. Where there are no pairs of it, that is said."""
    found = {each["group"]: each for each in report["groups"]}
    others = f" There are pairs of {', '.join(found)}." if found else ""
    nothing = {
        **dict.fromkeys(("pairs", "agree", "differ", "inconclusive"), 0),
        "verdict": "inconclusive",
        "reason": f"There are no pairs of the group {group!r}.{others}",
    }
    kept = {name: report[name] for name in ("route", "release", "rules", "at", "scopes", "missed")}
    return {
        **kept,
        "group": group,
        "agreement": found.get(group, nothing),
        "change": {"verdict": "inconclusive", "reason": "Differences of a moment are not told apart by group."},
        "differences": [],
    }


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StranglerError(f"{path} cannot be written: {error.strerror}. Name another file.") from error


def _summary(reports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not reports:
        yield "No route has two sides, so there is nothing to compare."
        return
    print_table(
        # Eighty columns hold it with a route of 22 letters.
        ("route", "verdict", "surely agree", "agree", "differ", "inconclusive"),
        (
            (
                each["route"],
                _WORDS[each["agreement"]["verdict"]],
                percent(each["agreement"]["bound"]) if each["agreement"]["pairs"] else "-",
                each["agreement"]["agree"],
                each["agreement"]["differ"],
                each["agreement"]["inconclusive"],
            )
            for each in reports
        ),
    )
    yield ""
    for each in reports:
        yield f"{each['route']}: {each['agreement']['reason']} {_scope(each)}"
        if each["change"]["verdict"] == "fail":
            yield f"{each['route']}: {each['change']['reason']}"
    if len(reports) > 1 and any(each["differences"] for each in reports):
        yield ""
        yield "`strangler shadow report ROUTE` says where they differ."


def _scope(report: Mapping[str, Any]) -> str:
    """Whose evidence it is; where there is none, why, or how there comes to be some."""
    if report["agreement"]["pairs"]:
        return f"Release {report['release'] or 'unknown'}."
    others = [f"{each['release'] or 'unknown'} under rules {each['rules']}" for each in report["scopes"]]
    if others:
        return f"There is evidence of release {', '.join(others[:_MOST_SCOPES])}."
    if report["missed"]:
        counts = ", ".join(f"{count} {cause}" for count, cause, _ in told_causes(report["missed"]))
        return f"Not compared: {counts}."
    return "They come with requests while it is in shadow; `strangler flip` moves it there."


def _without_release(report: Mapping[str, Any]) -> int:
    """The pairs under the same rules whose release nobody told: what fails before the first answer that does."""
    return sum(each["pairs"] for each in report["scopes"] if not each["release"] and each["rules"] == report["rules"])


def _tell(report: Mapping[str, Any]) -> None:
    if report["first"]:
        print_text(f"Pairs from {moment(report['first'])} to {moment(report['last'])}, rules {report['rules']}.")
    if report["release"] and (unknown := _without_release(report)):
        print_text(f"{unknown} more, of answers that told no release: --release '' shows them.")
    if report["differences"]:
        print_text()
        print_text("Differences")
        print_table(
            ("field", "kind", "severity", "pairs", "last seen"),
            (
                (each["field"], each["kind"], each["severity"], each["count"], moment(each["last"]))
                for each in report["differences"][:_MOST_ROWS]
            ),
        )
        more = len(report["differences"]) - _MOST_ROWS
        if more > 0:
            print_text(f"and {more} more; `--json` has all.")
        first = quote(report["differences"][0]["field"])
        print_text("Both answers beside each other, for one of them:")
        print_text(f"  strangler shadow samples {report['route']} --path {first}")
    for title, unit, counts in (
        ("Inconclusive", "pairs", report["causes"]),
        ("Not compared, whatever the release", "requests", report["missed"]),
    ):
        if counts:
            print_text()
            print_text(title)
            print_table((unit, "word", "meaning"), told_causes(counts))
    if not report["agreement"]["pairs"]:
        return
    if len(report["groups"]) > 1:
        print_text()
        print_text("By group of customers")
        print_table(
            ("group", "verdict", "surely agree", "agree", "differ", "inconclusive"),
            (
                (
                    each["group"],
                    _WORDS[each["verdict"]],
                    percent(each["bound"]),
                    each["agree"],
                    each["differ"],
                    each["inconclusive"],
                )
                for each in report["groups"]
            ),
        )
    if report["noise"]:
        print_text()
        print_text("Noise: what the monolith does not repeat itself")
        print_table(
            ("field", "kind", "pairs"),
            ((each["field"], each["kind"], each["count"]) for each in report["noise"][:_MOST_ROWS]),
        )
    _tell_coverage(report["coverage"])
    _tell_latency(report["latency"])
    for each in report["unmatched_rules"] or ():
        line = f" (line {each['line']})" if each["line"] else ""
        print_text()
        print_text(f"A rule that nothing needed{line}: {each['rule']}: {each['why']}")


def _tell_coverage(coverage: Mapping[str, Any]) -> None:
    if not coverage["methods"]:
        return
    statuses = ", ".join(f"{status} ({count})" for status, count in coverage["statuses"].items())
    print_text()
    targets, subjects = counted(coverage["targets"], "different target"), counted(coverage["subjects"], "subject")
    print_text(f"Seen: status {statuses}; {targets}, {subjects}")
    for template, names in coverage["parameters"].items():
        print_text(
            f"Query parameters of {template}: " + ", ".join(f"{name} ({count})" for name, count in names.items())
        )
    unseen = coverage["unseen"]
    missing = [
        *(f"method {each}" for each in unseen["methods"]),
        *(f"template {each}" for each in unseen["templates"]),
        *(f"status {each}xx" for each in unseen["classes"]),
    ]
    if missing:
        print_text(f"Never seen: {', '.join(missing)}")


def _tell_latency(latency: Mapping[str, Any]) -> None:
    print_text()
    print_text(f"Times: {latency['reason']}")
    for comparison in latency["comparisons"]:
        print_table(
            (
                "",
                f"monolith, {comparison['monolith']['position']}",
                f"candidate, {comparison['candidate']['position']}",
                "ratio",
            ),
            (
                (
                    f"p{row['quantile'] * 100:g}",
                    milliseconds(row["monolith"]["seen"]),
                    milliseconds(row["candidate"]["seen"]),
                    _ratio(row),
                )
                for row in comparison["rows"]
            ),
        )


def _ratio(row: Mapping[str, Any]) -> str:
    if row["ratio"] is None:
        return "-"
    low, high = ("?" if each is None else f"{each:.2f}" for each in (row["low"], row["high"]))
    return f"{row['ratio']:.2f} ({low} to {high})"
