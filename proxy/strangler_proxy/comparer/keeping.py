"""Which whole pairs a comparer keeps as examples, and that nothing secret is in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Final, NamedTuple
from uuid import uuid4

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Verdict
from strangler.evidence import OTHERS, KeptPair, Scope
from strangler_proxy.comparer.allowance import Allowance
from strangler_proxy.comparer.finding import Finding, pair_of
from strangler_proxy.shadow.frame import Unequal

__all__ = ["Keeper"]

# As JSON, of one pair and of all that are told together: a telling is one line, and the control plane reads no longer
# ones than 16 MiB.
_MOST_BYTES: Final = 2 * 1024 * 1024
# As it is: taking secrets out of this much takes half a second, in which nothing else is done.
_MOST_TO_REDACT: Final = 1024 * 1024
_MOST_TOLD: Final = 6 * 1024 * 1024

_log = logging.getLogger("strangler.comparer")


class _Often(NamedTuple):
    """How often a second, and how often at once."""

    rate: float
    burst: float


_MOST_FIELDS: Final = 4096
# Stands for what goes with a difference where there is nothing of it.
_NOTHING: Final = KeptPair("", 0.0, Scope(""), "", "", "", Verdict.DIFFER, Pair(Request(), Answer(200), Answer(200)))
# Of every field and kind; of every route; of every route and cause.
_DIFFERING: Final = _Often(0.5, 5)
_AGREEING: Final = _Often(1 / 60, 2)
_TELLING_NOTHING: Final = _Often(0.1, 3)


class Keeper:
    """Chooses pairs: differing ones for each field and kind of difference, a few of the others. What is kept has gone
    through `redact`; where that fails, or there is none, nothing is."""

    def __init__(self, redact: Callable[[KeptPair], KeptPair] | None) -> None:
        self._redact = redact
        self._allowances = {
            Verdict.DIFFER: Allowance(*_DIFFERING),
            Verdict.AGREE: Allowance(*_AGREEING),
            Verdict.INCONCLUSIVE: Allowance(*_TELLING_NOTHING),
        }
        self._told = 0
        self._complained = False
        # Those that were asked for, as they may be told.
        self._fields: dict[str, str] = {}

    def kept(self, unequal: Unequal, finding: Finding, scope: Scope, now: float) -> KeptPair | None:
        """The pair to keep, None where there are enough of its kind lately."""
        if self._redact is None:
            return None
        keys: set[Hashable] = {(scope, finding.verdict, finding.cause)}
        if finding.verdict is Verdict.DIFFER:
            keys = {(scope, unequal.template, each.field, each.kind) for each in finding.differences}
        if self._told >= _MOST_TOLD or not self._allowances[finding.verdict].take(keys, now):
            return None
        kept = KeptPair(
            id=uuid4().hex,
            at=unequal.at,
            scope=scope,
            template=unequal.template,
            stage=unequal.stage,
            answering=unequal.answering,
            verdict=finding.verdict,
            pair=pair_of(unequal),
            cause=finding.cause,
            differences=finding.differences,
            group=unequal.group,
            subject=unequal.subject,
            seconds=(unequal.old.seconds, unequal.new.seconds),
        )
        if kept.size > _MOST_TO_REDACT:
            return None
        try:
            kept = self._redact(kept)
        except Exception:
            self._complain("pairs", unequal.route)
            return None
        size = len(json.dumps(kept.to_json(), ensure_ascii=False).encode())
        if size > _MOST_BYTES:
            return None
        self._told += size
        return kept

    def field(self, field: str) -> str:
        """A field's name as it may be counted and told: the keys of a document can be somebody's data, too."""
        known = self._fields.get(field)
        if known is None:
            if len(self._fields) >= _MOST_FIELDS:
                self._fields.clear()
            known = self._fields[field] = self._redacted(field)
        return known

    def _redacted(self, field: str) -> str:
        if self._redact is None:
            return field
        difference = Difference(field, DifferenceKind.VALUE)
        try:
            return self._redact(replace(_NOTHING, differences=(difference,))).differences[0].field
        except Exception:
            self._complain("names of fields", field)
            return OTHERS

    def _complain(self, what: str, of: str) -> None:
        if not self._complained:
            _log.exception("%s of %s cannot be redacted, so none is kept", what, of)
            self._complained = True

    def taken(self) -> None:
        """What was kept is on its way: there is room for more."""
        self._told = 0
