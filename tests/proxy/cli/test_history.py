"""`strangler history`: the audit on the command line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main
from strangler_proxy.cli.amounts import past
from strangler_proxy.control import ControlPlane

from strangler.documents import Event
from strangler.testing import MemoryToggleStore
from tests.proxy.cli.operated import CONFIG
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """A control plane that the configuration in the working folder names, with a move and an event."""
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    control = plane(tmp_path, MemoryToggleStore(), workers=0)
    with serving(control) as client:
        (tmp_path / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        client.post("/api/v1/flip", json={"names": ["catalog.list"], "stage": "shadow", "why": "=1+1"})
        event = Event(datetime(2026, 3, 1, 12, tzinfo=UTC), "carla (ops)", "plan.begin", "p/s", "x")
        control.documents.record(event)
        yield control


def run(*words: str, code: int = 0) -> Result:
    ended = CliRunner().invoke(main, ["history", *words], catch_exceptions=False)
    assert ended.exit_code == code, ended.output
    return ended


@pytest.mark.usefixtures("control")
def test_moves_and_events_are_told_apart_and_together() -> None:
    assert "plan.begin" not in run().stdout
    assert "catalog.list: monolith -> shadow" in run().stdout
    assert "plan.begin" in run("--events").stdout
    assert "catalog.list" not in run("--events", "--action", "plan.*").stdout
    both = run("--all").stdout
    assert "plan.begin" in both
    assert "monolith -> shadow" in both
    run("--all", "--events", code=2)
    run("--events", "--calls", code=2)


@pytest.mark.usefixtures("control")
def test_calls_are_told_apart_and_only_by_themselves() -> None:
    for _ in range(2):
        run()
    assert "GET /api/v1/audit" not in run("--all").stdout
    told = run("--calls", "--who", "(control.token)").stdout
    assert re.search(r"POST /api/v1/flip -> 200  once\n +somebody \(control.token\) from 127.0.0.1\n", told)
    assert re.search(r"GET /api/v1/audit -> 200  (\d times, last \d{4}-|once\n)", told)
    (flip,) = json.loads(run("--calls", "POST *", "--json").stdout)["entries"]
    assert (flip["kind"], flip["detail"]["count"], flip["detail"]["status"]) == ("call", 1, 200)
    rows = list(csv.DictReader(io.StringIO(run("--calls", "--csv").stdout)))
    assert {row["action"] for row in rows} == {"api.calls"}


@pytest.mark.usefixtures("control")
def test_it_is_chosen_from() -> None:
    assert "carla" in run("--all", "--who", "CARLA").stdout
    assert "monolith -> shadow" not in run("--all", "--who", "carla").stdout
    assert "carla" in run("--all", "--since", "2026-03-01T00:00:00+00:00", "--until", "2026-03-02T00:00+00:00").stdout
    assert run("--all", "--since", "2026-03-01", "--until", "1d", "--action", "toggle.*").stdout == (
        "There is nothing of that.\n"
    )
    run("--since", "soon", code=2)
    assert len(json.loads(run("--all", "--limit", "2", "--json").stdout)["entries"]) == 2


@pytest.mark.usefixtures("control")
def test_it_is_told_for_spreadsheets() -> None:
    rows = list(csv.DictReader(io.StringIO(run("catalog.list", "--limit", "1", "--csv").stdout)))
    assert [(row["from"], row["to"], row["why"]) for row in rows] == [("monolith", "shadow", "'=1+1")]
    run("--csv", "--json", code=2)


def test_a_time_is_so_long_ago_or_a_date() -> None:
    context, option = click.Context(click.Command("x")), click.Option(["--since"])
    assert past(context, option, None) is None
    assert past(context, option, "2026-03-01T01:00:00+00:00") == datetime(2026, 3, 1, 1, tzinfo=UTC).timestamp()
    now = past(context, option, "0s")
    day = past(context, option, "1d")
    assert now is not None
    assert day is not None
    assert 86_399 < now - day < 86_500
    for wrong in ("soon", "", "9" * 400 + "d", "0001-01-01"):
        with pytest.raises(click.BadParameter):
            past(context, option, wrong)
