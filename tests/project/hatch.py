"""hatch_build.py, which stands beside the packages and not in one."""

from __future__ import annotations

import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

__all__ = ["ROOT", "build_script", "compiled_modules", "source_of"]

ROOT = Path(__file__).resolve().parents[2]


def build_script() -> ModuleType:
    """The module."""
    spec = spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiled_modules() -> list[str]:
    """The dotted names of the modules that are compiled."""
    listed: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["strangler"]["compiled"]
    return listed


def source_of(module: str) -> Path:
    """The file of a module of the library or of the proxy."""
    parent = ROOT / "proxy" if module.startswith("strangler_proxy") else ROOT
    return parent / f"{module.replace('.', '/')}.py"
