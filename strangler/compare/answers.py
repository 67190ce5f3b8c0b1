"""Comparing two whole answers."""

from __future__ import annotations

from strangler.compare.bodies import compare_bodies
from strangler.compare.headers import compare_headers
from strangler.compare.limits import Limits
from strangler.compare.rules import Rules
from strangler.compare.values import Answer, Comparison, Difference, DifferenceKind, Pair, Severity, Verdict

__all__ = ["compare_answers", "compare_pair"]

_NO_RULES = Rules()
_LIMITS = Limits()


def compare_answers(
    old: Answer, new: Answer, rules: Rules = _NO_RULES, *, route: str = "", limits: Limits = _LIMITS
) -> Comparison:
    """Whether the new answer equals the old one under the rules of `route`, and if not, where it differs.

    Never raises, whatever the answers hold. Another status ends it there: the bodies of 200 and 500 have nothing in
    common. Otherwise headers are compared (see `strangler.compare.headers`), then bodies, decoded: JSON as JSON,
    everything else byte by byte, texts in their charsets.
    """
    if old.status != new.status:
        difference = Difference("status", DifferenceKind.VALUE, str(old.status), str(new.status))
        return Comparison(Verdict.DIFFER, (difference,))
    ready = rules.of_route(route)
    found, matched = compare_headers(old, new, ready)
    body = compare_bodies(old, new, ready, limits)
    differences = (*found, *body.differences)
    if any(each.severity is Severity.BREAKING for each in differences):
        verdict = Verdict.DIFFER
    else:
        verdict = Verdict.INCONCLUSIVE if body.cause else Verdict.AGREE
    return Comparison(
        verdict,
        differences,
        cause=body.cause if verdict is Verdict.INCONCLUSIVE else "",
        matched=frozenset(matched | body.matched),
        truncated=body.truncated,
    )


def compare_pair(pair: Pair, rules: Rules = _NO_RULES, *, limits: Limits = _LIMITS) -> Comparison:
    """`compare_answers` for a pair, under the rules of its request's route."""
    return compare_answers(pair.old, pair.new, rules, route=pair.request.route, limits=limits)
