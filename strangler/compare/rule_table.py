"""Reading one table of `strangler.rules.toml`: a rule, or a redaction."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from strangler.compare.action_forms import ACTIONS, Refused
from strangler.compare.actions import Action, ListOrder
from strangler.compare.paths import PathPattern
from strangler.compare.redaction import Redaction, RedactionKind
from strangler.compare.rules import Rule
from strangler.compare.toml_lines import TableLines
from strangler.errors import Problem

__all__ = ["RedactionTable", "RuleTable", "Table"]

_PATH_FORM: Final = 'Write it such as $.results[*].price, $..updated_at or $.by["a key"].'


class Table:
    """One table and where it stands, collecting problems. `name` is its dotted name: `rule[0]`."""

    def __init__(self, file: str, name: str, table: Mapping[str, Any], lines: TableLines | None) -> None:
        self.file = file
        self.name = name
        self.table = table
        # Tables written inline have no lines of their own.
        self.lines = lines
        self.problems: list[Problem] = []

    @property
    def line(self) -> int | None:
        """The line of its header."""
        return self.lines.line if self.lines else None

    def known(self, keys: frozenset[str], what: str) -> None:
        """Refuse keys that are not among these."""
        for key in self.table:
            if key not in keys:
                self.wrong(key, "is not known", f"{what} can have: {', '.join(sorted(keys))}.")

    def text(self, key: str, right: str, *, required: bool = False) -> str:
        """The text under a key; empty where there is none, or where it is none."""
        value = self.table.get(key, "")
        if (key in self.table or required) and (not isinstance(value, str) or not value.strip()):
            wrong = "is missing" if key not in self.table else f"cannot be {value!r}"
            self.wrong(key, wrong, right)
            return ""
        return str(value)

    def wrong(self, key: str, wrong: str, right: str) -> None:
        """Note a problem at a key, or with an empty one at the table."""
        line = self.lines.of(key) if self.lines else None
        self.problems.append(Problem(self.file, line, f"{self.name}.{key}" if key else self.name, wrong, right))


class RuleTable(Table):
    """A table `[[rule]]`."""

    _PLACES: Final = ("path", "header")
    _KNOWN: Final = frozenset({*ACTIONS, *_PLACES, "route", "why"})

    def read(self) -> Rule | None:
        """The rule; None where there are problems."""
        self.known(self._KNOWN, "A rule")
        why = self.text("why", "Say in a sentence why this may differ.", required=True)
        route = self.text("route", 'Write a glob over route names, such as "catalog.*".') or "*"
        path = self.text("path", 'Write a path such as "$.results[*].price".')
        header = self.text("header", 'Write a header\'s name, such as "X-Frame-Options".')
        if len([key for key in self._PLACES if key in self.table]) != 1:
            self.wrong("", "needs a place: either path or header", "Give exactly one of the two.")
        if path:
            try:
                PathPattern(path)
            except ValueError as error:
                self.wrong("path", str(error), _PATH_FORM)
        action = self._action()
        if action is None or self.problems:
            return None
        return Rule(action, why, route, path, header, self.line)

    def _action(self) -> Action | None:
        chosen = [key for key in ACTIONS if key in self.table]
        if len(chosen) != 1:
            what = f"has {' and '.join(chosen)}" if chosen else "does nothing"
            self.wrong("", what, f"Give exactly one of: {', '.join(ACTIONS)}; write a second rule for a second one.")
            return None
        key = chosen[0]
        read, right = ACTIONS[key]
        try:
            action = read(self.table[key])
        except Refused as error:
            self.wrong(key, str(error), right)
            return None
        except (ValueError, TypeError, KeyError, ArithmeticError):
            given = self.table[key]
            self.wrong(key, f"cannot be {given if isinstance(given, Decimal) else repr(given)}", right)
            return None
        if isinstance(action, ListOrder) and "header" in self.table:
            self.wrong(key, "is not for headers", "Headers that are sets are compared as sets without a rule.")
        return action


class RedactionTable(Table):
    """A table `[[redact]]`."""

    _RIGHT: Final = {
        RedactionKind.PATH: _PATH_FORM,
        RedactionKind.HEADER: 'Write a header\'s name or a glob, such as "X-Customer-*".',
        RedactionKind.QUERY: 'Write the name of a query parameter or a glob, such as "token".',
        RedactionKind.FORM: 'Write the name of a form field or a glob, such as "card_*".',
        RedactionKind.PATTERN: r"Write a regular expression, such as '\d{13,16}'.",
    }
    _KNOWN: Final = frozenset({*RedactionKind, "why"})

    def read(self) -> Redaction | None:
        """The redaction; None where there are problems."""
        self.known(self._KNOWN, "A redaction")
        why = self.text("why", "Say in a sentence what is secret or personal there.", required=True)
        chosen = [kind for kind in RedactionKind if kind in self.table]
        if len(chosen) != 1:
            has = f"has {' and '.join(chosen)}" if chosen else "says no place"
            self.wrong("", has, f"Give exactly one of: {', '.join(RedactionKind)}.")
            return None
        kind = chosen[0]
        what = self.text(kind, self._RIGHT[kind])
        if not what or self.problems:
            return None
        try:
            return Redaction(kind, what, why, self.line)
        except ValueError as error:
            self.wrong(kind, str(error), self._RIGHT[kind])
            return None
