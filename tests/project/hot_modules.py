"""What is compiled into the wheel for a platform, as pyproject.toml lists it."""

from __future__ import annotations

import tomllib
from pathlib import Path

__all__ = ["ROOT", "compiled_modules", "source_of"]

ROOT = Path(__file__).resolve().parents[2]


def compiled_modules() -> list[str]:
    """The dotted names of the modules that are compiled."""
    listed: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["strangler"]["compiled"]
    return listed


def source_of(module: str) -> Path:
    """The file of a module of the library or of the proxy."""
    parent = ROOT / "proxy" if module.startswith("strangler_proxy") else ROOT
    return parent / f"{module.replace('.', '/')}.py"
