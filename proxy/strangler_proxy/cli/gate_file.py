"""Gates as they are given at the command line: a file, options, or both."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from strangler.errors import ConfigError, Problem
from strangler.gates import Gates
from strangler_proxy.config.gates_table import read_gates
from strangler_proxy.config.place import Place
from strangler_proxy.config.positions import Positions
from strangler_proxy.plain import reason

__all__ = ["given_gates"]


def given_gates(file: Path | None, options: Mapping[str, Any]) -> tuple[dict[str, Any], Gates]:
    """The table, as it was written, and its gates. The file has the keys at its top, or under `[gates]`; an option
    replaces what it says. Raises ConfigError with every problem."""
    text = "" if file is None else _text(file)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        right = "mend the syntax; texts stand in quotes"
        raise ConfigError([Problem(str(file), None, "", f"is not TOML: {error}", right)]) from None
    place = Place(str(file), Positions(text), document)
    under = isinstance(document.get("gates"), dict) and len(document) == 1
    written = document["gates"] if under else document
    _, problems = read_gates(written, ("gates",) if under else (), place)
    table = {**written, **options}
    made = Place("the options", Positions(""), table)
    gates, more = read_gates(options, (), made)
    if problems or more or gates is None:
        raise ConfigError([*problems, *more])
    whole, _ = read_gates(table, (), made)
    if not whole:
        raise click.UsageError("Nothing is asked for: name gates in --gates FILE, or by options such as --agreement.")
    return table, whole


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        right = "name a file of gates in UTF-8"
        raise ConfigError([Problem(str(file), None, "", f"cannot be read: {reason(error)}", right)]) from None
