"""How commands that read the configuration answer: tables and lines for people, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from strangler_proxy.plain import plain

__all__ = ["print_json", "print_pairs", "print_table", "print_text", "warn"]

# Into a pipe a table is as wide as it needs to be, so that nothing is cut or folded there.
_PIPE_WIDTH = 4096


def _print(table: Table) -> None:
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
    with console.capture() as drawn:
        console.print(table)
    # rich pads the last column too, which shows as soon as somebody copies a line.
    click.echo("\n".join(line.rstrip() for line in drawn.get().split("\n")), nl=False)


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(document, indent=2))


def print_text(text: str = "") -> None:
    """A line on standard output, without anything in it that could play with a terminal."""
    click.echo(plain(text))


def warn(text: str) -> None:
    """A warning on standard error."""
    click.echo("\n".join(plain(line) for line in f"warning: {text}".split("\n")), err=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output; cells are text as it stands, never markup."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(str(cell))) for cell in row))
    _print(table)


def print_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Words and their values, one pair a line."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for word, value in pairs:
        table.add_row(Text(word), Text(plain(str(value))))
    _print(table)
