"""Comparing two whole answers."""

from __future__ import annotations

from strangler.compare.bodies import compare_bodies
from strangler.compare.headers import compare_headers
from strangler.compare.id_map import IdMap
from strangler.compare.id_sight import IdSight
from strangler.compare.limits import Limits
from strangler.compare.rules import Rules
from strangler.compare.values import Answer, Comparison, Difference, DifferenceKind, Pair, Severity, Verdict

__all__ = ["compare_answers", "compare_pair"]

_NO_RULES = Rules()
_LIMITS = Limits()


def compare_answers(
    old: Answer,
    new: Answer,
    rules: Rules = _NO_RULES,
    *,
    route: str = "",
    limits: Limits = _LIMITS,
    ids: IdMap | None = None,
) -> Comparison:
    """Whether the new answer equals the old one under the rules of `route`, and if not, where it differs.

    Never raises, whatever the answers hold. Another status ends it there: the bodies of 200 and 500 have nothing in
    common. Otherwise headers are compared (see `strangler.compare.headers`), then bodies (see
    `strangler.compare.bodies`). Ids are looked up in `ids`, by default in the tables of the rules alone, and those of
    answers that agree are learned by it.
    """
    if old.status != new.status:
        difference = Difference("status", DifferenceKind.VALUE, str(old.status), str(new.status))
        return Comparison(Verdict.DIFFER, (difference,))
    ready = rules.of_route(route)
    sight = IdSight(rules.known if ids is None else ids)
    found, matched = compare_headers(old, new, ready, sight)
    body = compare_bodies(old, new, ready, limits, sight)
    differences = (*found, *body.differences)
    if any(each.severity is Severity.BREAKING for each in differences):
        verdict = Verdict.DIFFER
    else:
        verdict = Verdict.INCONCLUSIVE if body.cause else Verdict.AGREE
    if verdict is Verdict.AGREE and ids is not None:
        sight.commit()
    unclear = verdict is Verdict.INCONCLUSIVE
    return Comparison(
        verdict,
        differences,
        cause=body.cause if unclear else "",
        matched=frozenset(matched | body.matched),
        truncated=body.truncated,
        detail=body.detail if unclear else "",
        learned=sight.learned if verdict is Verdict.AGREE else 0,
    )


def compare_pair(
    pair: Pair, rules: Rules = _NO_RULES, *, limits: Limits = _LIMITS, ids: IdMap | None = None
) -> Comparison:
    """`compare_answers` for a pair, under the rules of its request's route."""
    return compare_answers(pair.old, pair.new, rules, route=pair.request.route, limits=limits, ids=ids)
