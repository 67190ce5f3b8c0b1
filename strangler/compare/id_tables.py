"""Reading the tables of ids that belong together: `[ids.NAME]` of `strangler.rules.toml`, and the files it names."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from strangler.compare.action_forms import SPACE_NAME
from strangler.compare.id_map import IdTable
from strangler.compare.rule_table import Table
from strangler.compare.toml_lines import table_lines
from strangler.errors import Problem

__all__ = ["read_id_tables"]

_KNOWN: Final = frozenset(["complete", "file", "pairs"])
_MOST_PAIRS: Final = 1_000_000
_TITLE: Final = ("old", "new")


def read_id_tables(document: Mapping[str, Any], text: str, file: str) -> tuple[list[IdTable], list[Problem]]:
    """The tables under `ids` of a document that was read from `text`, and what is wrong with them.

    A file of pairs is looked for beside `file`.
    """
    named = document.get("ids", {})
    if not isinstance(named, Mapping):
        return [], [Problem(file, None, "ids", "is not a table", "Head each name space with [ids.NAME].")]
    tables: list[IdTable] = []
    problems: list[Problem] = []
    for space, table in named.items():
        lines = table_lines(text, f"ids.{space}", single=True)
        reader = _Reader(file, f"ids.{space}", table if isinstance(table, Mapping) else {}, lines[0] if lines else None)
        if isinstance(table, Mapping) and SPACE_NAME.fullmatch(space):
            tables.append(reader.read(space))
        elif isinstance(table, Mapping):
            reader.wrong("", "is no name", "Call a name space by letters, digits, _ and -, beginning with a letter.")
        else:
            reader.wrong("", f"cannot be {table!r}", 'Write a table: {file = "ids.csv"}, or {pairs = {"1" = "a"}}.')
        problems += reader.problems
    return tables, problems


class _Reader(Table):
    """A table `[ids.NAME]`."""

    def read(self, space: str) -> IdTable:
        self.known(_KNOWN, "A name space of ids")
        complete = self.table.get("complete", False)
        if not isinstance(complete, bool):
            self.wrong("complete", f"cannot be {complete!r}", "Write true when there are no ids but these.")
        pairs: list[tuple[str, str]] = []
        if ("file" in self.table) == ("pairs" in self.table):
            self.wrong("", "needs its ids: either file or pairs", "Give exactly one of the two.")
        elif "file" in self.table:
            name = self.text("file", 'Write the path of a CSV file, such as "ids/product.csv".')
            pairs = self._from_file(Path(self.file).parent / name) if name else []
        else:
            pairs = self._inline()
        return IdTable(space, tuple(pairs), complete is True)

    def _inline(self) -> list[tuple[str, str]]:
        given = self.table["pairs"]
        if not isinstance(given, Mapping) or not all(isinstance(new, str) and new for new in given.values()):
            self.wrong("pairs", "is not a table of texts", 'Write each old id with its new one: {"17" = "c0ffee"}.')
            return []
        owner: dict[str, str] = {}
        for old, new in given.items():
            if new in owner:
                self.wrong("pairs", f"{new!r} belongs to {owner[new]!r} and to {old!r}", "Each id has one counterpart.")
            owner[new] = old
        return list(given.items())

    def _from_file(self, path: Path) -> list[tuple[str, str]]:
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                return self._pairs(path, csv.reader(lines, strict=True))
        except OSError as error:
            self.wrong("file", f"{path} cannot be read: {error.strerror}", "Check the path and its permissions.")
        except (UnicodeDecodeError, csv.Error) as error:
            self.wrong("file", f"{path} is not CSV in UTF-8: {error}", "Save it so, an old and a new id a line.")
        return []

    def _pairs(self, path: Path, rows: Iterable[list[str]]) -> list[tuple[str, str]]:
        pairs: dict[str, str] = {}
        owner: dict[str, str] = {}
        for number, row in enumerate(rows, start=1):
            if not row or (number == 1 and tuple(row) == _TITLE):
                continue
            line = f"{path}, line {number}"
            if len(row) != 2 or not all(row):
                self.wrong("file", f"{line} is not an old and a new id", "Write two ids a line, a comma between.")
                break
            old, new = row
            if pairs.get(old, new) != new or owner.get(new, old) != old:
                self.wrong(
                    "file", f"{line}: {old!r} or {new!r} belongs to another one above", "Each id has one counterpart."
                )
                break
            if len(pairs) >= _MOST_PAIRS:
                self.wrong(
                    "file", f"{path} has more than {_MOST_PAIRS} pairs", "Leave ids out that no answer will have."
                )
                break
            pairs[old], owner[new] = new, old
        return list(pairs.items())
