"""A kept pair tells of one moment; other rules may excuse what it shows, and cannot add to it."""

from __future__ import annotations

from strangler.compare import Answer, Cause, Difference, DifferenceKind, Pair, Request, Rules, Verdict, parse_rules
from strangler.evidence import KeptPair, Scope
from strangler.evidence.rejudge import rejudged

JSON = (("Content-Type", "application/json"),)
PRICES = parse_rules('[[rule]]\npath = "$.price"\nignore = true\nwhy = "x"\n', "rules")


def kept(old: str, new: str, *fields: str, verdict: Verdict = Verdict.DIFFER, cause: str = "") -> KeptPair:
    pair = Pair(Request("GET", "/", "a"), Answer(200, JSON, old.encode()), Answer(200, JSON, new.encode()))
    differences = tuple(Difference(field, DifferenceKind.VALUE, "1", "2") for field in fields)
    return KeptPair("id", 1.0, Scope("a", "v1", "before"), "/", "shadow", "monolith", verdict, pair, cause, differences)


def test_a_rule_that_excuses_all_makes_it_agree_in_its_own_revision() -> None:
    judged = rejudged(kept('{"price": 1}', '{"price": 2}', "$.price"), PRICES)
    assert (judged.verdict, judged.differences) == (Verdict.AGREE, ())
    assert judged.scope == Scope("a", "v1", PRICES.revision)


def test_what_a_rule_does_not_reach_stays_different() -> None:
    judged = rejudged(kept('{"price": 1, "name": 1}', '{"price": 2, "name": 2}', "$.price", "$.name"), PRICES)
    assert judged.verdict is Verdict.DIFFER
    assert [each.field for each in judged.differences] == ["$.name"]


def test_what_was_noise_then_is_no_difference_now() -> None:
    judged = rejudged(kept('{"name": 1, "now": 1}', '{"name": 2, "now": 2}', "$.name"), Rules())
    assert [each.field for each in judged.differences] == ["$.name"]


def test_one_that_agreed_and_would_differ_now_may_have_agreed_by_noise() -> None:
    judged = rejudged(kept('{"now": 1}', '{"now": 2}', verdict=Verdict.AGREE), Rules())
    assert (judged.verdict, judged.cause) == (Verdict.INCONCLUSIVE, Cause.UNCHECKED)


def test_what_happened_to_a_pair_cannot_be_judged_by_rules() -> None:
    before = kept('{"price": 1}', '{"price": 2}', verdict=Verdict.INCONCLUSIVE, cause=Cause.TRANSIENT)
    judged = rejudged(before, PRICES)
    assert (judged.verdict, judged.cause) == (Verdict.INCONCLUSIVE, Cause.TRANSIENT)
