"""What copies are held to on SQLite holds on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.rerun import rerun_on_postgresql


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_holds_on_sqlite_holds_on_postgresql(postgres_url: str) -> None:
    rerun_on_postgresql([Path(__file__).parent / "test_shadow.py"], postgres_url)
