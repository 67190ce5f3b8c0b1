"""What gunicorn is told, as far as it can be read without gunicorn: its file's constants, and GUNICORN_CMD_ARGS."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Mapping
from pathlib import Path

from strangler.doctor import ServerFacts

__all__ = ["gunicorn_facts"]

_FILE = "gunicorn.conf.py"
_DEFAULT = ServerFacts()


def gunicorn_facts(environ: Mapping[str, str], folders: tuple[Path, ...]) -> ServerFacts:
    """What is found in the first `gunicorn.conf.py` of `folders`, with the variable over it.

    A value that is worked out when the file is run is not seen: the default is taken for it.
    """
    file = next((folder / _FILE for folder in folders if (folder / _FILE).is_file()), None)
    told = {} if file is None else _constants(file)
    source = "" if file is None else str(file)
    words = _words(environ.get("GUNICORN_CMD_ARGS", ""))
    for number, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == "--preload":
            told["preload_app"] = True
        elif name in ("--keep-alive", "--keepalive"):
            told["keepalive"] = _number(value if equals else words[number + 1] if number + 1 < len(words) else "")
    if words:
        source = f"{source}, GUNICORN_CMD_ARGS" if source else "GUNICORN_CMD_ARGS"
    keepalive = told.get("keepalive")
    return ServerFacts(
        source=source,
        preload=told.get("preload_app") is True,
        keepalive=float(keepalive) if isinstance(keepalive, int | float) else _DEFAULT.keepalive,
    )


def _constants(file: Path) -> dict[str, object]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return {}
    return {
        target.id: statement.value.value
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
