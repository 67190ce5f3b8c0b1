"""What the shop's tests hold it to on SQLite holds on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.rerun import rerun_on_postgresql

HERE = Path(__file__).parent
PARTS = {
    "domain": {HERE / f"test_{name}.py" for name in ("changes", "race", "inventory", "cart", "checkout")},
    "api": set((HERE / "api").glob("test_*.py")),
    # The served shop makes a database of its own; translations need none.
    "pages": set((HERE / "pages").glob("test_*.py"))
    - {HERE / "pages" / f"test_{name}.py" for name in ("served", "translations")},
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", PARTS)
def test_what_holds_on_sqlite_holds_on_postgresql(part: str, quiet_postgres_url: str) -> None:
    rerun_on_postgresql(PARTS[part], quiet_postgres_url)
