from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted(
    path.name
    for path in HERE.glob("test_*.py")
    if path.name not in ("test_on_postgresql.py", "test_served.py", "test_translations.py")
)


@pytest.mark.slow
def test_the_pages_behave_on_postgresql_as_on_sqlite(postgres_url: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *FILES],
        cwd=HERE,
        env={**os.environ, "DATABASE_URL": postgres_url, "PYTEST_ADDOPTS": "", "PYTHONPATH": str(HERE.parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
