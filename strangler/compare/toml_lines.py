"""Finding the lines of an array of tables in TOML text, which `tomllib` does not tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

__all__ = ["TableLines", "table_lines"]

_STRING: Final = re.compile(r"\"\"\".*?\"\"\"(?!\")|'''.*?'''(?!')|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#[^\n]*", re.DOTALL)
_HEADER: Final = re.compile(r"\s*\[\[?\s*(?P<name>[\w.\"' -]+?)\s*\]\]?\s*(#.*)?$")
_KEY: Final = re.compile(r"\s*[\"']?(?P<key>[\w-]+)[\"']?\s*[.=]")


@dataclass(slots=True)
class TableLines:
    """Where one table stands: the line of its header, and of each of its keys; all counted from 1."""

    line: int
    keys: dict[str, int] = field(default_factory=dict)

    def of(self, key: str) -> int:
        """The line of a key, or of the header where the key is not there."""
        return self.keys.get(key, self.line)


def table_lines(text: str, name: str, *, single: bool = False) -> list[TableLines]:
    """The tables `[[name]]` of a TOML text, in order, and with `single` the one `[name]`. `[name.key]` counts as a key
    of the table before it.

    The text must be valid TOML; tables written inline are not found.
    """
    tables: list[TableLines] = []
    inside = False
    for number, line in enumerate(_without_multiline(text).split("\n"), start=1):
        header = _HEADER.match(line)
        if header is not None and line.lstrip().startswith("["):
            title = header["name"].strip("\"' ")
            double = line.lstrip().startswith("[[")
            inside = double is not single and title == name
            if inside:
                tables.append(TableLines(number))
            elif tables and title.startswith(f"{name}."):
                tables[-1].keys.setdefault(title[len(name) + 1 :].split(".")[0].strip("\"' "), number)
            continue
        found = _KEY.match(line) if inside else None
        if found is not None:
            tables[-1].keys.setdefault(found["key"], number)
    return tables


def _without_multiline(text: str) -> str:
    """The text with strings over several lines emptied, line ends kept."""

    def emptied(found: re.Match[str]) -> str:
        whole = found.group()
        return '""' + "\n" * whole.count("\n") if "\n" in whole else whole

    return _STRING.sub(emptied, text)
