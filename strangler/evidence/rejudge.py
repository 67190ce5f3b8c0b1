"""Judging a kept pair anew, under other rules than those it was kept under."""

from __future__ import annotations

from dataclasses import replace

from strangler.compare import Limits, Rules, Severity, Verdict, compare_pair
from strangler.compare.cause import Cause
from strangler.evidence.kept import KeptPair

__all__ = ["rejudged"]

_LIMITS = Limits()
# What the rules had no part in: whoever asked, and what happened, cannot be asked for again.
_BEYOND_RULES = frozenset({Cause.IDENTITY, Cause.TRANSIENT, Cause.FALLBACK})


def rejudged(kept: KeptPair, rules: Rules, *, limits: Limits = _LIMITS) -> KeptPair:
    """The pair as `rules` would have had it judged, in their revision's scope. Its secrets are marks by now, which are
    equal where they were.

    A pair tells of one moment: what the monolith would have answered besides is not known any more. So of a pair that
    differed only the differences which stood then can stand now (the others were noise), and one that agreed and now
    differs is `inconclusive` (`unchecked`), for it may have agreed because of noise. One that was inconclusive for
    another reason than the rules stays as it was.
    """
    scope = kept.scope._replace(rules=rules.revision)
    if kept.verdict is Verdict.INCONCLUSIVE and kept.cause in _BEYOND_RULES:
        return replace(kept, scope=scope)
    comparison = compare_pair(kept.pair, rules, limits=limits)
    verdict, cause, differences = comparison.verdict, str(comparison.cause), comparison.differences
    if kept.verdict is Verdict.DIFFER:
        stood = {(each.field, each.kind) for each in kept.differences}
        differences = tuple(each for each in differences if (each.field, each.kind) in stood)
        if verdict is Verdict.DIFFER and not any(each.severity is Severity.BREAKING for each in differences):
            verdict = Verdict.AGREE
    elif verdict is Verdict.DIFFER:
        verdict, cause = Verdict.INCONCLUSIVE, Cause.UNCHECKED
    return replace(kept, scope=scope, verdict=verdict, cause=cause, differences=differences)
