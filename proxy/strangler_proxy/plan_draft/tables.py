"""Tables of Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from strangler_proxy.plain import plain

__all__ = ["row", "table"]


def row(*cells: object) -> str:
    """One row; what a cell holds ends no cell and no line."""
    return "| " + " | ".join(plain(str(cell)).replace("|", "\\|") for cell in cells) + " |"


def table(head: Sequence[str], rows: Iterable[str]) -> str:
    """A table, with an empty line behind it."""
    return "\n".join([row(*head), "|" + "---|" * len(head), *rows]) + "\n"
