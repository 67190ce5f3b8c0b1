"""A plugin for pytest: nothing runs unless the hot modules are loaded compiled, from the folder that FOLDER names."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

from tests.project.hot_modules import compiled_modules

__all__ = ["FOLDER"]

FOLDER = "STRANGLER_TEST_COMPILED"


def pytest_configure() -> None:
    """Before the first test is collected."""
    folder = Path(os.environ[FOLDER])
    for name in compiled_modules():
        path = Path(importlib.import_module(name).__file__ or "")
        if path.suffix not in {".so", ".pyd"} or not path.is_relative_to(folder):
            raise pytest.UsageError(f"{name} is {path}, and not compiled in {folder}")
