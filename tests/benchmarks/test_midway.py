"""The shop in the middle of its migration is what the benchmark of the control room says that it is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from strangler_proxy.config.reader import load_config
from strangler_proxy.plan.reading import read_plan
from strangler_proxy.store import SQLiteToggleStore

from benchmarks import midway
from strangler.toggles import Stage


def test_its_configuration_and_its_plan_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "strangler.toml"
    file.write_text(midway.configuration(18080, 18081, 18082))
    assert len(load_config(file).routes) == midway.ROUTES
    assert len(read_plan(midway.plan(), tmp_path / "migration_plan.md").steps) == 2 * midway.CONTEXTS


def test_its_stores_hold_what_is_said_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midway, "CONTEXTS", 1)
    monkeypatch.setattr(midway, "_DAYS", 1)
    ids = midway.fill(tmp_path / ".strangler", 1_800_000_000.0)
    with sqlite3.connect(tmp_path / ".strangler" / "evidence.db") as evidence:
        kept = {name for (name,) in evidence.execute("SELECT id FROM kept")}
        lengths = Counter(length for (length,) in evidence.execute("SELECT length FROM traffic"))
    # Whatever is put in stays: no pair is one too many of its kind.
    assert kept == set(ids)
    assert set(lengths) == {5, 60}
    toggles = SQLiteToggleStore(tmp_path / ".strangler" / "store.db").load().toggles
    assert {each.stage for each in toggles.values()} == set(Stage)
