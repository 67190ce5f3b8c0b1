"""What the shop's tests hold it to on SQLite holds on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.rerun import rerun_on_postgresql

HERE = Path(__file__).parent
FILES = {
    *(HERE / f"test_{name}.py" for name in ("changes", "race", "inventory", "cart", "checkout")),
    *(HERE / "api").glob("test_*.py"),
    *(HERE / "pages").glob("test_*.py"),
    # The served shop makes a database of its own; translations need none.
} - {HERE / "pages" / f"test_{name}.py" for name in ("served", "translations")}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_holds_on_sqlite_holds_on_postgresql(quiet_postgres_url: str) -> None:
    # All in one process: server, process and migrations take as long as a third of the tests.
    rerun_on_postgresql(FILES, quiet_postgres_url)
