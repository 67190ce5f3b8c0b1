from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("test_changes.py", "test_race.py", "test_inventory.py", "test_cart.py", "test_checkout.py")


@pytest.mark.slow
def test_the_domain_behaves_on_postgresql_as_on_sqlite(postgres_url: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        + [f"tests/monolith/{name}" for name in FILES],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": postgres_url, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
