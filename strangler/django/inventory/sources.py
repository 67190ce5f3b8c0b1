"""Where functions and classes are written."""

from __future__ import annotations

import ast
import inspect
from functools import lru_cache
from pathlib import Path
from typing import Any

from strangler.django.inventory.layers import code_of
from strangler.django.inventory.owners import Owners

__all__ = ["place_of"]


def place_of(thing: Any, owners: Owners) -> tuple[str, int]:
    """The file and line of a function or class; an empty name and 0 where nobody knows."""
    code = code_of(thing)
    if code is not None:
        return (owners.file(code.co_filename), code.co_firstlineno) if not code.co_filename.startswith("<") else ("", 0)
    try:
        file = inspect.getsourcefile(thing)
    except (TypeError, OSError):
        return "", 0
    return (owners.file(file), _classes(file).get(thing.__qualname__, 0)) if file else ("", 0)


@lru_cache(maxsize=256)
def _classes(file: str) -> dict[str, int]:
    """The lines of a file's classes, by qualified name. Read once, and not once a class as `inspect` does."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[str, int] = {}

    def look(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(prefix + node.name, node.lineno)
                look(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                look(node.body, f"{prefix}{node.name}.<locals>.")

    look(tree.body, "")
    return found
