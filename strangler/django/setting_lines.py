"""Where each setting is written: the line to change, found in the source of the settings module."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path
from types import ModuleType

from django.conf import settings

__all__ = ["setting_lines", "settings_file", "shown"]

_TELLING = (ast.AnnAssign, ast.Assign, ast.AugAssign, ast.ImportFrom)


def settings_file() -> str:
    """The file of the settings module, from the working directory on where it is below it; its name where none is."""
    module = sys.modules.get(_module_name())
    file = getattr(module, "__file__", None)
    return shown(file) if file else _module_name() or "settings"


def setting_lines() -> dict[str, str]:
    """`FILE:LINE` by setting. Followed are `from … import *` and assignments at any depth; what a function or a library
    sets is not seen."""
    found: dict[str, str] = {}
    module = sys.modules.get(_module_name())
    if module is not None:
        _collect(module, found, set())
    return found


def _module_name() -> str:
    # `settings.configure` has no module, and overridden settings do not tell theirs.
    return str(getattr(settings, "SETTINGS_MODULE", None) or os.environ.get("DJANGO_SETTINGS_MODULE", ""))


def _collect(module: ModuleType, found: dict[str, str], seen: set[str]) -> None:
    file = getattr(module, "__file__", None)
    if not file or module.__name__ in seen:
        return
    seen.add(module.__name__)
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return
    place = shown(file)
    statements = [each for each in ast.walk(tree) if isinstance(each, _TELLING)]
    for statement in sorted(statements, key=lambda each: each.lineno):
        if isinstance(statement, ast.ImportFrom):
            imported = sys.modules.get(_absolute(module, statement))
            if imported is not None and any(alias.name == "*" for alias in statement.names):
                _collect(imported, found, seen)
            continue
        for target in _targets(statement):
            if target.id.isupper():
                found[target.id] = f"{place}:{target.lineno}"


def _targets(statement: ast.stmt) -> list[ast.Name]:
    if isinstance(statement, ast.Assign):
        return [each for each in statement.targets if isinstance(each, ast.Name)]
    if isinstance(statement, ast.AnnAssign | ast.AugAssign) and isinstance(statement.target, ast.Name):
        return [statement.target]
    return []


def _absolute(module: ModuleType, statement: ast.ImportFrom) -> str:
    if not statement.level:
        return statement.module or ""
    package = module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]
    for _ in range(statement.level - 1):
        package = package.rpartition(".")[0]
    return f"{package}.{statement.module}" if statement.module else package


def shown(file: str) -> str:
    """A file's path from the working directory on, where it is below it."""
    path = Path(file)
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
