"""Pairs that differ, kept as parity cases: one file each, in the form of `strangler.compare.form`."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from strangler.compare import Comparison, Pair, Rules
from strangler.compare.form import pair_to_json
from strangler.errors import StranglerError

__all__ = ["CaseFolder"]

_MOST: Final = 1000
_MOST_OF_ONE_NAME: Final = 20
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")


class CaseFolder:
    """Writes cases below `folder`, as `ROUTE/FIELD.KIND.NUMBER.json`, by the pair's first breaking difference.

    Each has the pair, what differed, and which rules it was compared under. Everything goes through `redactor` first.
    Of one name 20 are kept, and 1000 in all; `dropped` counts the others. Raises StranglerError where nothing can be
    written.
    """

    def __init__(self, folder: Path, redactor: Callable[[Pair], Pair], *, rules: Rules, rules_file: str = "") -> None:
        self.written = 0
        self.dropped = 0
        self._folder = folder
        self._redactor = redactor
        self._rules = {"file": rules_file, "revision": rules.revision}
        self._names: Counter[str] = Counter()

    def keep(self, pair: Pair, comparison: Comparison) -> None:
        """Keep one pair that differs."""
        first = comparison.breaking[0]
        route = _fit(pair.request.route) or "no-route"
        name = f"{route}/{_fit(first.field) or 'body'}.{first.kind.value}"
        if self.written >= _MOST or self._names[name] >= _MOST_OF_ONE_NAME:
            self.dropped += 1
            return
        self._names[name] += 1
        path = self._folder / f"{name}.{self._names[name]}.json"
        document = {
            **pair_to_json(self._redactor(pair)),
            "verdict": comparison.verdict.value,
            # Without their values, which may be what the redactor took out of the pair.
            "differences": [
                {"path": each.path, "kind": each.kind.value, "severity": each.severity.value}
                for each in comparison.differences
            ],
            "rules": self._rules,
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump(document, file, indent=1)
                file.write("\n")
        except OSError as error:
            raise StranglerError(f"{path} cannot be written: {error.strerror}. Save to another folder.") from error
        self.written += 1


def _fit(text: str) -> str:
    """A text as a part of a file's name."""
    return _UNFIT.sub("-", text).strip("-.")[:80]
