"""What a comparer has found since it last told the control plane."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from strangler.compare import DifferenceKind, NoiseKind, Rules, Verdict
from strangler.evidence import Batch, Scope
from strangler_proxy.comparer.finding import Finding
from strangler_proxy.comparer.keeping import Keeper
from strangler_proxy.shadow.frame import Side, Unequal

__all__ = ["Ledger"]

# Noise is counted in the words of the differences that it would have made.
_NOISE: Final = {
    NoiseKind.VALUE: DifferenceKind.VALUE,
    NoiseKind.PRESENCE: DifferenceKind.MISSING,
    NoiseKind.ORDER: DifferenceKind.VALUE,
    NoiseKind.CHOICE: DifferenceKind.VALUE,
}


class Ledger:
    """Counts findings made under `rules` into a batch, with those whole pairs that `keeper` wants kept."""

    def __init__(self, rules: Rules, keeper: Keeper) -> None:
        self._rules = rules
        self._revision = rules.revision
        self._keeper = keeper
        self._batch = Batch()
        self.pairs: Counter[tuple[str, str, str]] = Counter()
        """By route, verdict and cause; never goes back."""

    def note(self, unequal: Unequal, finding: Finding, now: float) -> None:
        """Count a finding. `now` is monotonic."""
        scope, template = self._scope(unequal), unequal.template
        batch = self._batch
        self.pairs[unequal.route, finding.verdict.value, finding.cause] += 1
        batch.pair(
            scope,
            template=template,
            method=unequal.method,
            status=unequal.old.status,
            stage=unequal.stage,
            answering=unequal.answering,
            verdict=finding.verdict,
            cause=finding.cause,
            group=unequal.group,
            at=unequal.at,
        )
        # What tells nothing tells of no difference either.
        standing = () if finding.verdict is Verdict.INCONCLUSIVE else finding.differences
        fields = self._keeper.field
        for each in {(fields(each.field), each.kind, each.severity): each for each in standing}.values():
            shown = replace(each, field=fields(each.field))
            batch.difference(scope, template=template, difference=shown, at=unequal.at)
        for field, kind in sorted({(fields(each.field), _NOISE[each.kind]) for each in finding.noise}):
            batch.noise(scope, template=template, field=field, kind=kind)
        if finding.matched:
            batch.rules_met(scope, [self._rules.rules[number].fingerprint for number in sorted(finding.matched)])
        kept = self._keeper.kept(unequal, finding, scope, now)
        if kept is not None:
            batch.keep(kept)

    def rechecked(self, unequal: Unequal, repeat: Side, *, changed: bool) -> None:
        """Count that the monolith was asked once more although the sides agreed."""
        scope = self._scope(unequal)
        self._batch.changed(scope, asked=1, changed=int(changed))
        self._batch.latency(scope, side="monolith", position="again", seconds=repeat.seconds)

    def take(self) -> Batch:
        """What was counted since the last take."""
        taken, self._batch = self._batch, Batch()
        self._keeper.taken()
        return taken

    def _scope(self, unequal: Unequal) -> Scope:
        return Scope(unequal.route, unequal.release, self._revision)
