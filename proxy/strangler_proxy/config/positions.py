"""On which line each key of a TOML text stands. `tomllib` reads values but does not say where they were."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

__all__ = ["Path", "Positions"]

Path = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\n]+")
_STRINGS: Final = {
    '"""': re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{0,2})(?!")', re.DOTALL),
    "'''": re.compile(r"'''.*?'''(?:'{0,2})(?!')", re.DOTALL),
    '"': re.compile(r'"(?:\\.|[^"\\])*"'),
    "'": re.compile(r"'[^']*'"),
}
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ESCAPED: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


class Positions:
    """The lines of a text that `tomllib` has read without complaint: `of(("routes", 0, "path"))` and the like."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._newlines = [index for index, character in enumerate(self._text) if character == "\n"]
        self._lines: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}
        self._scan()

    def of(self, path: Path) -> int | None:
        """The line of the key at `path`, or of the nearest table around it; None for the whole document."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return None

    def paths(self) -> dict[Path, int]:
        """Every path with its line."""
        return dict(self._lines)

    def _scan(self) -> None:
        table: Path = ()
        at = self._blank(0)
        while at < len(self._text):
            start = at
            if self._text.startswith("[[", at):
                keys, at = self._keys(at + 2)
                outer = self._resolved(keys[:-1], start)
                array = (*outer, keys[-1])
                self._arrays[array] = self._arrays.get(array, -1) + 1
                table = (*array, self._arrays[array])
                self._note(array, start)
                at += 2
                self._note(table, start)
            elif self._text[at] == "[":
                keys, at = self._keys(at + 1)
                table = self._resolved(keys, start)
                at += 1
                # A header says more of a table than a header of one inside it, which may come first.
                self._lines[table] = self._line(start)
            else:
                at = self._pair(table, at)
            at = self._blank(at)

    def _resolved(self, keys: tuple[str, ...], at: int) -> Path:
        """The path that a header names: of a list of tables its last one. Tables on the way that are new begin here."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            self._note(path, at)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _pair(self, table: Path, at: int) -> int:
        keys, after = self._keys(at)
        for length in range(1, len(keys) + 1):
            self._note((*table, *keys[:length]), at)
        return self._value((*table, *keys), self._space(after + 1))  # after the =

    def _value(self, path: Path, at: int) -> int:
        if self._text[at] == "[":
            at, index = self._blank(at + 1), 0
            while self._text[at] != "]":
                self._note((*path, index), at)
                at = self._blank(self._value((*path, index), at))
                if self._text[at] == ",":
                    at = self._blank(at + 1)
                index += 1
            return at + 1
        if self._text[at] == "{":
            at = self._blank(at + 1)
            while self._text[at] != "}":
                at = self._blank(self._pair(path, at))
                if self._text[at] == ",":
                    at = self._blank(at + 1)
            return at + 1
        return self._string(at) or self._end(_SCALAR, at)

    def _keys(self, at: int) -> tuple[tuple[str, ...], int]:
        """A dotted key, and the place behind it and the blanks after it."""
        keys: list[str] = []
        while True:
            at = self._space(at)
            if end := self._string(at):
                raw = self._text[at + 1 : end - 1]
                keys.append(_ESCAPE.sub(_unescaped, raw) if self._text[at] == '"' else raw)
            else:
                end = self._end(_BARE, at)
                keys.append(self._text[at:end])
            at = self._space(end)
            if self._text[at] != ".":
                return tuple(keys), at
            at += 1

    def _string(self, at: int) -> int | None:
        """Where the string that begins here ends; None where none begins."""
        for opening, pattern in _STRINGS.items():
            if self._text.startswith(opening, at):
                return self._end(pattern, at)
        return None

    def _end(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self._text, at)
        if found is None:
            raise ValueError(f"not TOML at line {self._line(at)}")
        return found.end()

    def _blank(self, at: int) -> int:
        return self._end(_BLANK, at)

    def _space(self, at: int) -> int:
        return self._end(_SPACE, at)

    def _note(self, path: Path, at: int) -> None:
        self._lines.setdefault(path, self._line(at))

    def _line(self, at: int) -> int:
        return bisect_right(self._newlines, at - 1) + 1


def _unescaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    return chr(int(digits, 16)) if digits else _ESCAPED[found[3]]
