"""Tables as text: CSV and TSV, with the names of their columns in the first row.

    {"columns": ["sku", "price"], "rows": [{"sku": "A1", "price": "4.37"}]}

So a path is `$.rows[0].price`; without names (`header=absent`) it is `$.rows[0][1]`. Cells past the last name stand in
a list under `#more`. Quotes that are not needed, line ends, and an empty line at the end have no meaning; the order of
columns has, until a rule makes `$.columns` a set. A separator other than the media type's is `separator`, a byte order
mark `bom`.
"""

from __future__ import annotations

import csv
import io

from strangler.compare.json_text import Duplicates, Node
from strangler.compare.limits import Limits, TooMuch
from strangler.compare.media_type import MediaType

__all__ = ["table_node"]


def table_node(body: bytes, media_type: MediaType, limits: Limits) -> dict[str, Node]:
    """The table. Raises ValueError for what is none, TooMuch at a limit."""
    text = body.decode(media_type.charset or "utf-8")
    node: dict[str, Node] = {}
    if text.startswith("\ufeff"):
        text, node["bom"] = text[1:], True
    usual = "\t" if media_type.name == "text/tab-separated-values" else ","
    separator = _separator(text, usual)
    if separator != usual:
        node["separator"] = separator
    rows = _rows(text, separator, limits)
    if media_type.parameters.get("header") == "absent":
        return {**node, "rows": rows}
    names = rows[0] if rows else []
    return {**node, "columns": names, "rows": [_named(names, row) for row in rows[1:]]}


def _separator(text: str, usual: str) -> str:
    """A semicolon or tab where the first line has that and not the usual one: as spreadsheets of many countries
    write."""
    first = text[: text.find("\n") + 1 or len(text)]
    return next((each for each in (usual, ";", "\t", ",") if each in first), usual)


def _rows(text: str, separator: str, limits: Limits) -> list[list[str]]:
    rows: list[list[str]] = []
    left = limits.nodes
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            left -= 1 + len(row)
            if left < 0:
                raise TooMuch(f"more than {limits.nodes} values to look at")
            rows.append(row)
    except csv.Error as error:
        if "field limit" in str(error):
            raise TooMuch(f"a table with a cell of more than {csv.field_size_limit()} characters") from None
        raise ValueError(str(error)) from None
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _named(names: list[str], row: list[str]) -> Node:
    cells: list[tuple[str, Node]] = list(zip(names, row, strict=False))
    if len(row) > len(names):
        cells.append(("#more", row[len(names) :]))
    node = dict(cells)
    return node if len(node) == len(cells) else Duplicates(cells)
