"""A folder into which pairs that differ are kept as parity cases, within bounds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from strangler.compare.rules import Rules
from strangler.compare.values import Comparison, Pair
from strangler.recording.case import CASE_SUFFIX, Case, write_case

__all__ = ["CaseFolder"]

_MOST: Final = 1000
_MOST_OF_ONE_NAME: Final = 20
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")


class CaseFolder:
    """Writes cases below `folder`, as `ROUTE/FIELD.KIND.NUMBER.parity.json`, by the pair's first breaking difference;
    of one that is inconclusive, as `ROUTE/CAUSE.NUMBER.parity.json`.

    Every pair goes through `redactor` first. Of one name 20 are kept, and 1000 in all; `dropped` counts the others. A
    case of an earlier run is written over; `mark` goes before the number, for folders that several processes write to.
    Raises StranglerError where nothing can be written.
    """

    def __init__(
        self, folder: Path, redactor: Callable[[Pair], Pair], *, rules: Rules, rules_file: str = "", mark: str = ""
    ) -> None:
        self.written = 0
        self.dropped = 0
        self._folder = folder
        self._redactor = redactor
        self._rules = rules
        self._rules_file = rules_file
        self._mark = mark
        self._names: Counter[str] = Counter()

    def keep(self, pair: Pair, comparison: Comparison) -> Path | None:
        """Keep one pair that does not agree: the file, None where there are enough of its kind."""
        name = f"{_fit(pair.request.route) or 'no-route'}/{_name_of(comparison)}"
        if self.written >= _MOST or self._names[name] >= _MOST_OF_ONE_NAME:
            self.dropped += 1
            return None
        self._names[name] += 1
        path = self._folder / f"{name}.{self._mark}{self._names[name]}{CASE_SUFFIX}"
        write_case(path, Case.of(self._redactor(pair), comparison, self._rules, rules_file=self._rules_file))
        self.written += 1
        return path


def _name_of(comparison: Comparison) -> str:
    if not comparison.breaking:
        return _fit(str(comparison.cause)) or comparison.verdict.value
    first = comparison.breaking[0]
    return f"{_fit(first.field) or 'body'}.{first.kind.value}"


def _fit(text: str) -> str:
    """A text as a part of a file's name."""
    return _UNFIT.sub("-", text).strip("-.")[:80]
