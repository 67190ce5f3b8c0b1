"""Reading `strangler.rules.toml`.

    [[rule]]
    route = "catalog.*"               # a glob over route names; default "*"
    path = "$.results[*].rating"      # or: header = "X-Frame-Options"
    tolerance = 0.01                  # what may differ: see the table
    why = "The service rounds half up, the shop half even."

Each rule has one `path` or `header`, exactly one of these keys, and a `why`:

    ignore = true                     nothing there or below matters, not even whether it is there
    tolerance = 0.01                  numbers (or strings that hold numbers) at most so far apart; 0 allows 1.0 for 1.00
    tolerance = {absolute = 0.01, relative = 1e-6}
    time = 2                          timestamps at most so many seconds apart
    class = "uuid"                    both are of the class: uuid, timestamp, url, token
    list = "set"                      a list in any order; or "key:sku": elements with equal `sku` belong together;
                                      or "sequence", the default
    url_host = true                   absolute URLs equal but for scheme, host and port
    severity = "warning"              differences there and below are only warnings; or "breaking", the default
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from strangler.compare.actions import (
    Action,
    Grade,
    Ignore,
    ListOrder,
    SameClass,
    TimeTolerance,
    Tolerance,
    UrlHost,
    ValueClass,
)
from strangler.compare.paths import PathPattern
from strangler.compare.rules import Rule, Rules
from strangler.compare.toml_lines import TableLines, table_lines
from strangler.compare.values import Severity
from strangler.errors import ConfigError, Problem

__all__ = ["load_rules", "parse_rules"]

_PLACES: Final = ("path", "header")
_SYNTAX_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")


def load_rules(path: Path) -> Rules:
    """The rules in a file. Raises ConfigError with everything that is wrong in it, each with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            [Problem(str(path), None, "", f"cannot be read: {error.strerror}", "Check the path and its permissions.")]
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), None, "", "is not UTF-8", "Save it as UTF-8.")]) from error
    return parse_rules(text, str(path))


def parse_rules(text: str, file: str) -> Rules:
    """The rules in `text`; `file` names it in errors. Raises ConfigError as `load_rules` does."""
    try:
        # Decimals, so that a tolerance is what is written and not the float beside it.
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX_LINE.search(str(error))
        line = int(found[1]) if found else None
        wrong = _SYNTAX_LINE.sub("", str(error)).strip()
        raise ConfigError([Problem(file, line, "", f"is not TOML: {wrong}", "Correct the syntax there.")]) from error
    problems = [
        Problem(file, None, key, "is not known here", "Rules stand in tables headed [[rule]].")
        for key in document
        if key != "rule"
    ]
    tables = document.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        problems.append(Problem(file, None, "rule", "is not a list of tables", "Head each rule with [[rule]]."))
        raise ConfigError(problems)
    lines = table_lines(text, "rule")
    rules: list[Rule] = []
    for number, table in enumerate(tables):
        # Tables written inline have no lines of their own.
        where = lines[number] if len(lines) == len(tables) else None
        reader = _RuleReader(file, f"rule[{number}]", table, where)
        rule = reader.read()
        problems += reader.problems
        if rule is not None:
            rules.append(rule)
    if problems:
        raise ConfigError(problems)
    return Rules(tuple(rules))


class _RuleReader:
    """Reads one table, collecting problems."""

    def __init__(self, file: str, name: str, table: Mapping[str, Any], lines: TableLines | None) -> None:
        self._file = file
        self._name = name
        self._table = table
        self._lines = lines
        self.problems: list[Problem] = []

    def read(self) -> Rule | None:
        for key in self._table:
            if key not in _KNOWN:
                self._wrong(key, "is not known", f"A rule can have: {', '.join(sorted(_KNOWN))}.")
        why = self._text("why", "Say in a sentence why this may differ.", required=True)
        route = self._text("route", 'Write a glob over route names, such as "catalog.*".') or "*"
        path = self._text("path", 'Write a path such as "$.results[*].price".')
        header = self._text("header", 'Write a header\'s name, such as "X-Frame-Options".')
        if len([key for key in _PLACES if key in self._table]) != 1:
            self._wrong("", "needs a place: either path or header", "Give exactly one of the two.")
        if path:
            try:
                PathPattern(path)
            except ValueError as error:
                self._wrong("path", str(error), 'Write it such as $.results[*].price, $..updated_at or $.by["a key"].')
        action = self._action()
        if action is None or self.problems:
            return None
        line = self._lines.line if self._lines else None
        return Rule(action, why, route, path, header, line)

    def _action(self) -> Action | None:
        chosen = [key for key in _ACTIONS if key in self._table]
        if len(chosen) != 1:
            what = f"has {' and '.join(chosen)}" if chosen else "does nothing"
            self._wrong("", what, f"Give exactly one of: {', '.join(_ACTIONS)}; write a second rule for a second one.")
            return None
        key = chosen[0]
        read, right = _ACTIONS[key]
        try:
            action = read(self._table[key])
        except (ValueError, TypeError, KeyError, ArithmeticError):
            self._wrong(key, f"cannot be {self._table[key]!r}", right)
            return None
        if isinstance(action, ListOrder) and "header" in self._table:
            self._wrong(key, "is not for headers", "Headers that are sets are compared as sets without a rule.")
        return action

    def _text(self, key: str, right: str, *, required: bool = False) -> str:
        value = self._table.get(key, "")
        if (key in self._table or required) and (not isinstance(value, str) or not value.strip()):
            wrong = "is missing" if key not in self._table else f"cannot be {value!r}"
            self._wrong(key, wrong, right)
            return ""
        return str(value)

    def _wrong(self, key: str, wrong: str, right: str) -> None:
        line = self._lines.of(key) if self._lines else None
        self.problems.append(Problem(self._file, line, f"{self._name}.{key}" if key else self._name, wrong, right))


def _true(value: Any) -> None:
    if value is not True:
        raise ValueError


def _ignore(value: Any) -> Action:
    _true(value)
    return Ignore()


def _url_host(value: Any) -> Action:
    _true(value)
    return UrlHost()


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite() or number < 0:
        raise ValueError
    return number


def _tolerance(value: Any) -> Action:
    if isinstance(value, Mapping):
        if not value or set(value) - {"absolute", "relative"}:
            raise ValueError
        return Tolerance(_number(value.get("absolute", 0)), _number(value.get("relative", 0)))
    return Tolerance(_number(value))


def _time(value: Any) -> Action:
    return TimeTolerance(float(_number(value)))


def _class(value: Any) -> Action:
    return SameClass(ValueClass(value))


def _severity(value: Any) -> Action:
    return Grade(Severity(value))


def _list(value: Any) -> Action:
    how, _, key = str(value).partition(":")
    if how == "key" and key:
        return ListOrder("key", key)
    if value in ("set", "sequence"):
        return ListOrder(how)
    raise ValueError


_ACTIONS: Final[Mapping[str, tuple[Callable[[Any], Action], str]]] = {
    "ignore": (_ignore, "Write true, or take the key away."),
    "tolerance": (_tolerance, "Write a number from 0 up, or {absolute = 0.01, relative = 0.001}."),
    "time": (_time, "Write a number of seconds from 0 up."),
    "class": (_class, f"Write one of: {', '.join(ValueClass)}."),
    "list": (_list, 'Write "set", "sequence", or "key:NAME".'),
    "url_host": (_url_host, "Write true, or take the key away."),
    "severity": (_severity, f"Write one of: {', '.join(Severity)}."),
}
_KNOWN: Final = frozenset({*_ACTIONS, *_PLACES, "route", "why"})
