"""Tests that hold on SQLite once more, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

__all__ = ["rerun_on_postgresql"]

ROOT = Path(__file__).resolve().parents[2]


def rerun_on_postgresql(files: Iterable[Path], url: str) -> None:
    """Run the tests of `files` in a process of their own with the database at `url`; fail with what failed there."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *sorted(map(str, files))],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        pytest.fail(f"On PostgreSQL:\n{ran.stdout[-4000:]}{ran.stderr[-2000:]}", pytrace=False)
