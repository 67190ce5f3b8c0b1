"""The audit as CSV, of which no spreadsheet takes anything for a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from strangler_proxy.words import stage_of

__all__ = ["AUDIT_COLUMNS", "audit_csv"]

AUDIT_COLUMNS: Final = (
    "at", "kind", "id", "who", "action", "name", "from", "to", "forced", "why", "revision", "known",
)  # fmt: skip
# What makes a spreadsheet calculate, also behind white space or in full width.
_BEGINS_A_FORMULA: Final = frozenset("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n")


def audit_csv(entries: Iterable[Mapping[str, Any]], *, head: bool = True) -> Iterator[str]:
    """The lines of a CSV file, with its head first where wanted: `known` is the evidence of a move and the detail
    of an event, as JSON. A text that would begin a formula has an apostrophe before it, which spreadsheets do not show.
    """
    if head:
        yield _line(AUDIT_COLUMNS)
    for entry in entries:
        known = entry.get("evidence") if entry["kind"] == "move" else entry.get("detail")
        yield _line(
            (
                entry["at"],
                entry["kind"],
                entry["id"],
                entry["who"],
                entry["action"],
                entry["name"],
                _stage(entry.get("from")),
                _stage(entry.get("to")),
                "yes" if entry.get("forced") else "",
                entry["why"],
                entry.get("revision", ""),
                json.dumps(known, ensure_ascii=False) if known else "",
            )
        )


def _stage(toggle: Mapping[str, Any] | None) -> str:
    return "" if toggle is None else stage_of(toggle)


def _line(cells: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_harmless(str(cell)) for cell in cells])
    return line.getvalue()


def _harmless(text: str) -> str:
    begins = {text[:1], text.lstrip()[:1]}
    return text if begins.isdisjoint(_BEGINS_A_FORMULA) else f"'{text}"
