"""The page, the dashboard and the alert rules name what a real /metrics has, and nothing else."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from strangler_proxy.control.metrics import exposition
from strangler_proxy.counts import BOUNDS
from strangler_proxy.measures import HISTOGRAM, MEASURES

from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.metrics.scraped import Scrape

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "metrics.md"
DASHBOARD = ROOT / "dashboards" / "strangler.json"
ALERTS = ROOT / "dashboards" / "alerts.yml"
BEGIN, END = "<!-- metrics: begin -->", "<!-- metrics: end -->"
# What Prometheus itself adds to every sample.
ADDED = {"instance", "job", "le"}
FUNCTIONS = {
    "avg",
    "avg_over_time",
    "changes",
    "histogram_quantile",
    "increase",
    "max",
    "min",
    "rate",
    "sum",
    "time",
}


def table() -> str:
    lines = ["| name | kind | labels | meaning |", "|---|---|---|---|"]
    for measure in MEASURES.values():
        labels = ", ".join(f"`{label}`" for label in measure.labels)
        lines.append(f"| `{measure.name}` | {measure.kind} | {labels} | {measure.meaning} |".replace("|  |", "| |"))
    return "\n".join(lines)


def test_the_reference_has_every_metric_with_its_kind_labels_and_meaning() -> None:
    """Run with DOCS=write to bring the page up to date."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page = f"{before}{BEGIN}\n{table()}\n{END}{after}"
    if os.environ.get("DOCS") == "write":
        PAGE.write_text(page)
    assert PAGE.read_text() == page


def test_the_page_names_what_a_scrape_has_and_nothing_else(tmp_path: Path) -> None:
    content, _ = exposition(plane(tmp_path, MemoryToggleStore()), "")
    told = Scrape(content.decode()).names
    written = dict(re.findall(r"^\| `(strangler_\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE))
    assert written == told
    assert {base(name) for name in re.findall(r"\bstrangler_\w+", PAGE.read_text())} - {"strangler_proxy"} <= set(told)


def test_the_buckets_are_on_the_page() -> None:
    (listed,) = re.findall(r"Buckets of the histogram, in seconds: ([^.]*(?:\.\d[^.]*)*)\. A tunnel", PAGE.read_text())
    assert [float(each) for each in re.findall(r"[\d.]+", listed)] == list(BOUNDS)


def base(name: str) -> str:
    """The metric that a sample's name belongs to."""
    found = re.sub(r"_(bucket|sum|count)$", "", name)
    measure = MEASURES.get(found)
    return found if measure is not None and measure.kind == HISTOGRAM else name


def queries() -> Iterator[tuple[str, str]]:
    """Every expression of the dashboard and of the rules, with where it stands."""
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


QUERIES = [pytest.param(expression, id=f"{index}-{where}") for index, (where, expression) in enumerate(queries())]


@pytest.mark.parametrize("expression", QUERIES)
def test_every_expression_asks_for_metrics_and_labels_that_exist(expression: str) -> None:
    bare = re.sub(r'"[^"]*"', '""', expression)
    for opening, closing in ("()", "{}", "[]"):
        assert bare.count(opening) == bare.count(closing)
    selected = re.findall(r"\b([a-z_]\w*)\s*\{([^}]*)\}", bare)
    known = set(ADDED)
    for name in re.findall(r"\bstrangler_\w+", bare):
        assert base(name) in MEASURES
        known |= set(MEASURES[base(name)].labels)
    for name, matchers in selected:
        labels = {matcher.strip().split("=")[0].rstrip("!~ ") for matcher in matchers.split(",")}
        assert labels <= ADDED | (set(MEASURES[base(name)].labels) if name != "up" else set())
    for grouped in re.findall(r"\bby \(([^)]*)\)", bare):
        assert {label.strip() for label in grouped.split(",")} <= known
    called = set(re.findall(r"\b([a-z_]+)\s*(?=\()", re.sub(r"\b(by|and|or|on)\s*\(", "", bare)))
    assert called <= FUNCTIONS


def test_counters_are_asked_for_their_growth_and_gauges_as_they_are() -> None:
    for _, expression in queries():
        for name in re.findall(r"(?:rate|increase)\((strangler_\w+)", expression):
            assert MEASURES[base(name)].kind != "gauge", expression
        for name in re.findall(r"(?<!rate\()(?<!increase\()\b(strangler_\w+)", expression):
            assert MEASURES[base(name)].kind == "gauge", expression


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {base(name) for _, expression in queries() for name in re.findall(r"\bstrangler_\w+", expression)}
    assert shown | {"strangler_build_info"} == set(MEASURES)


def test_every_alert_says_what_it_is_and_what_to_do() -> None:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    assert len({group["name"] for group in groups}) == len(groups)
    rules: list[dict[str, Any]] = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 10
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"Strangler[A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description"}
        text = " ".join(rule["annotations"].values())
        grouped = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        for label in re.findall(r"\$labels\.(\w+)", text):
            by = [{each.strip() for each in labels.split(",")} for labels in grouped]
            names = {base(name) for name in re.findall(r"\bstrangler_\w+", rule["expr"])}
            given = by or [set(MEASURES[name].labels) | {"instance"} for name in names]
            assert all(label in labels for labels in given) or rule["alert"] == "StranglerGone", (rule["alert"], label)


def test_the_dashboard_is_one_that_can_be_imported() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert {"uid", "title", "schemaVersion", "templating", "panels"} <= set(dashboard)
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\}?", DASHBOARD.read_text()))
    assert used - {"labels"} <= variables | {"__rate_interval", "__all"}
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in dashboard["panels"])
