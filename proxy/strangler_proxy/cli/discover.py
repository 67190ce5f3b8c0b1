"""`strangler discover`: a monolith's endpoints with their traffic, and its apps with what ties them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import httpx

from strangler.errors import StranglerError
from strangler.inventory import CouplingKind, Inventory, read_inventory
from strangler.recording.access_lines import read_access_lines
from strangler.recording.problems import Problems
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_table, print_text
from strangler_proxy.cli.remote import control_client
from strangler_proxy.cli.sources import is_url
from strangler_proxy.cli.starting_routes import told_apps
from strangler_proxy.config import load_config
from strangler_proxy.discover import Discovery, Traffic, discover_in, traffic_of_lines, traffic_of_metrics
from strangler_proxy.discover.discovery import AppSummary, Endpoint
from strangler_proxy.plain import reason
from strangler_proxy.words import counted, milliseconds, moment, percent

__all__ = ["discover"]

_SECONDS = 10.0


@click.command(short_help="Show a monolith's endpoints with traffic, and its apps with what ties them.")
@click.option(
    "--inventory",
    "inventory_file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="What `manage.py strangler_inventory` wrote.",
)
@click.option(
    "--access-log",
    "logs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="An access log: the proxy's own, or in the common or combined format; packed or not. May be repeated.",
)
@click.option("--metrics", metavar="URL|FILE", help="The proxy's metrics, as Prometheus reads them.")
@click.option("--control", is_flag=True, help="Ask the running proxy for its metrics.")
@click.option("--app", "app", metavar="LABEL", help="Only the endpoints of one app.")
@click.option("--limit", type=click.IntRange(min=1), default=40, show_default=True, help="How many endpoints to show.")
@JSON
@CONFIG
def discover(
    inventory_file: Path,
    logs: tuple[Path, ...],
    metrics: str | None,
    control: bool,
    app: str | None,
    limit: int,
    as_json: bool,
    config: Path,
) -> None:
    """Show the endpoints of a monolith with the most traffic, whose they are, which tables they touch, and what ties
    its apps together.

    Traffic comes from access logs, or from the proxy's metrics: those know routes, and so only views that have one.
    """
    if sum((bool(logs), metrics is not None, control)) > 1:
        raise click.UsageError("Give one of --access-log, --metrics and --control: they would count requests twice.")
    inventory = read_inventory(inventory_file)
    if app is not None and inventory.app(app) is None:
        raise StranglerError(f"{inventory_file} has no app {app!r}. {told_apps(inventory)}")
    skipped: Counter[str] = Counter()
    traffic = Traffic()
    if logs:
        traffic = _of_logs(logs, inventory, skipped)
    elif metrics is not None or control:
        text = _exposition(metrics, config)
        traffic = traffic_of_metrics(text, inventory, load_config(config).routes)
    found = discover_in(inventory, traffic)
    if as_json:
        document = found.to_json()
        if app is not None:
            document["endpoints"] = [each for each in document["endpoints"] if each["app"] == app]
        print_json(
            {"inventory": str(inventory_file), "passed_over": dict(skipped), **document, "notes": inventory.notes}
        )
        return
    _print(found, inventory, app, limit)
    for word, number in skipped.items():
        print_text(f"{counted(number, 'line')} passed over: {word}.")


def _of_logs(logs: Iterable[Path], inventory: Inventory, skipped: Counter[str]) -> Traffic:
    problems = [(path, Problems(str(path))) for path in logs]
    lines = (line for path, found in problems for line in read_access_lines(path, found, skipped))
    traffic = traffic_of_lines(lines, inventory)
    for _, found in problems:
        found.settle()
    return traffic


def _exposition(metrics: str | None, config: Path) -> str:
    if metrics is None:
        with control_client(config) as client:
            return client.metrics()
    if not is_url(metrics):
        try:
            return Path(metrics).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StranglerError(f"{metrics} cannot be read: {reason(error)}.") from error
    try:
        answered = httpx.get(metrics, timeout=_SECONDS, trust_env=False)
        answered.raise_for_status()
    except httpx.HTTPStatusError as error:
        right = "Take --control, which sends the token." if error.response.status_code == 401 else "Check the address."
        raise StranglerError(f"{metrics} answers {error.response.status_code}. {right}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StranglerError(f"{metrics} does not answer: {reason(error)}.") from error
    return answered.text


def _print(found: Discovery, inventory: Inventory, app: str | None, limit: int) -> None:
    if found.requests:
        since = "" if found.first is None or found.last is None else f", {moment(found.first)} to {moment(found.last)}"
        print_text(f"{counted(round(found.requests), 'request')}{since}.")
        print_text()
    listed = [each for each in found.endpoints if app is None or each.view.app == app]
    endpoints = [each for each in listed if each.requests or not found.requests]
    columns = ("requests", "share", "errors", *(("p95",) if found.timed else ())) if found.requests else ()
    print_table(
        ("endpoint", "view", "app", *columns, "tables"),
        (list(_row(each, columns)) for each in endpoints[:limit]),
    )
    if len(endpoints) > limit:
        print_text(f"and {len(endpoints) - limit} more: --limit {len(endpoints)}, or --json.")
    if len(listed) > len(endpoints):
        print_text(f"{counted(len(listed) - len(endpoints), 'endpoint')} without any traffic in it; --json lists them.")
    if found.unknown:
        print_text()
        print_table(("without a view", "requests"), found.unknown[:10])
    apps = [each for each in found.apps if app is None or each.app.label == app]
    if apps:
        print_text()
        print_table(
            ("app", "views", *columns[:2], "lines", "needs", "needed by"),
            (list(_app(each, numbers=bool(columns))) for each in apps),
        )
    for note in inventory.notes:
        print_text(f"note: {note}")


def _row(each: Endpoint, columns: Sequence[str]) -> Iterator[object]:
    view = each.view
    path = next((template for form in view.forms for template in form.localised), view.forms[0].route)
    methods = " ".join(each.methods) or " ".join(view.methods)
    more = f" (in {len(view.forms[0].prefixes)} languages)" if len(view.forms[0].prefixes) > 1 else ""
    yield f"{methods} {path}{more}".strip()
    yield view.title
    yield view.app or "-"
    if columns:
        yield f"{round(each.requests):,}"
        yield percent(each.share)
        yield "-" if each.error_rate is None else percent(each.error_rate)
    if "p95" in columns:
        yield milliseconds(each.p95)
    yield _tables(each)


def _tables(each: Endpoint) -> str:
    if not each.observed:
        return "-"
    told = [f"writes {len(each.writes)}"] if each.writes else []
    told += [f"reads {len(each.reads)}"] if each.reads else []
    told += [f"{app}: {', '.join(ways)}" for app, ways in each.reaches.items()]
    return "; ".join(told) or "none"


def _app(each: AppSummary, *, numbers: bool) -> Iterator[object]:
    yield each.app.label if each.app.origin == "project" else f"{each.app.label} ({each.app.origin})"
    yield each.views
    if numbers:
        yield f"{round(each.requests):,}"
        yield percent(each.share)
    yield f"{each.app.lines:,}" if each.app.origin == "project" else "-"
    yield _ties((coupling.target, coupling.kind, coupling.count) for coupling in each.needs)
    yield _ties((coupling.source, coupling.kind, coupling.count) for coupling in each.needed)


def _ties(found: Iterable[tuple[str, CouplingKind, int]]) -> str:
    """Each other app with the number of imports, relations, and so on."""
    by_app: dict[str, list[str]] = {}
    for app, kind, count in found:
        by_app.setdefault(app, []).append(f"{count} {kind}{'' if count == 1 else 's'}")
    return "; ".join(f"{app} ({', '.join(words)})" for app, words in by_app.items()) or "-"
