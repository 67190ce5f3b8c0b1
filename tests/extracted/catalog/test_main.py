from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from extracted.catalog.__main__ import main
from extracted.catalog.store import SqlStore
from extracted.catalog.store.migrate import is_current
from tests.extracted.catalog import rows
from tests.extracted.catalog.rows import TOKEN, FakeMonolith
from tests.extracted.catalog.sockets import served


@pytest.fixture
def address(monolith: FakeMonolith) -> Iterator[str]:
    """The fake monolith behind a real socket."""
    with served(monolith) as url:
        yield url


@pytest.fixture
def database(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    monkeypatch.setenv("CATALOG_MONOLITH_URL", address)
    monkeypatch.setenv("CATALOG_FEED_TOKEN", TOKEN)
    monkeypatch.setenv("CATALOG_DATABASE_URL", url)
    monkeypatch.setattr("extracted.catalog.__main__.configure_logging", lambda level: None)
    return url


def test_an_import_says_what_it_did(database: str, monolith: FakeMonolith, capsys: pytest.CaptureFixture[str]) -> None:
    monolith.put("category", rows.category(1))
    monolith.put("product", rows.product(1), rows.product(2, 7))
    assert main(["import"]) == 0
    assert capsys.readouterr().out == (
        "3 changes taken in, 0 things swept out. The catalogue has 1 categories, 2 products, 0 reviews; "
        "1 products wait for their category; 0 rows are rejected.\n"
    )
    assert main(["import"]) == 0
    assert capsys.readouterr().out.startswith("0 changes taken in")


def test_an_import_from_the_start_takes_out_what_the_monolith_has_forgotten(
    database: str, monolith: FakeMonolith, capsys: pytest.CaptureFixture[str]
) -> None:
    monolith.put("category", rows.category(1))
    monolith.put("product", rows.product(1), rows.product(2))
    assert main(["import"]) == 0
    del monolith.entries["product", 2]
    assert main(["import", "--from-start"]) == 0
    assert "2 changes taken in, 1 things swept out" in capsys.readouterr().out


def test_rejected_rows_are_listed_and_make_the_exit_code_1(
    database: str, monolith: FakeMonolith, capsys: pytest.CaptureFixture[str]
) -> None:
    monolith.put("category", rows.category(1), rows.category(2, "a b"))
    assert main(["import"]) == 1
    capsys.readouterr()
    assert main(["rejected"]) == 1
    line = json.loads(capsys.readouterr().out)
    assert (line["kind"], line["id"], line["field"]) == ("category", 2, "slug")
    monolith.delete("category", 2)
    assert main(["import"]) == 0
    assert main(["rejected"]) == 0


def test_migrate_makes_the_tables(database: str) -> None:
    assert main(["migrate"]) == 0
    store = SqlStore(database)
    assert is_current(store)
    store.close()


def test_without_migrate_old_tables_are_refused(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CATALOG_MIGRATE", "false")
    assert main(["import"]) == 3
    assert "`python -m extracted.catalog migrate`" in capsys.readouterr().err
    assert main(["migrate"]) == 0
    assert main(["import"]) == 0


def test_a_wrong_environment_is_told_with_every_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CATALOG_FEED_TOKEN", raising=False)
    monkeypatch.setenv("CATALOG_MONOLITH_URL", "nowhere")
    for command in ("serve", "import", "migrate", "rejected"):
        assert main([command]) == 2
        told = capsys.readouterr().err.splitlines()
        assert [line.split(":")[0] for line in told] == ["CATALOG_MONOLITH_URL", "CATALOG_FEED_TOKEN"]


def test_a_monolith_that_is_away_is_told(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CATALOG_MONOLITH_URL", "http://127.0.0.1:1")
    assert main(["import"]) == 3
    assert "CATALOG_MONOLITH_URL" in capsys.readouterr().err


def test_a_database_that_is_away_is_told(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CATALOG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    for command in ("serve", "import", "migrate", "rejected"):
        assert main([command]) == 3
        assert "CATALOG_DATABASE_URL" in capsys.readouterr().err
