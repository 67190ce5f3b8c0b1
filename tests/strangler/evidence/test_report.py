from __future__ import annotations

import json

from strangler.compare import (
    Difference,
    DifferenceKind,
    Ignore,
    Rule,
    Rules,
    Severity,
    Verdict,
)
from strangler.evidence import Batch, Evidence, Scope, SeenScope, hash64
from strangler.evidence.coverage import coverage_of
from strangler.evidence.gate_verdict import GateVerdict
from strangler.evidence.report import RouteReport, report_of

RULES = Rules(
    (
        Rule(Ignore(), "used", path="$.used"),
        Rule(Ignore(), "misspelled", path="$.unused"),
        Rule(Ignore(), "elsewhere", route="orders.*", path="$.x"),
    )
)
SCOPE = Scope("catalog.list", "1.0", RULES.revision)
PRICE = Difference("$.results[0].price", DifferenceKind.VALUE, "1", "2", field="$.results[*].price")
NAME = Difference("$.name", DifferenceKind.MISSING, "1", None)
HEADER = Difference("header:X-A", DifferenceKind.EXTRA, None, "2", Severity.WARNING)


def pairs(batch: Batch, verdict: Verdict, count: int, *, cause: str = "", at: float = 10.0, status: int = 200) -> None:
    batch.pair(
        SCOPE,
        template="/products/",
        method="GET",
        status=status,
        stage="shadow",
        answering="monolith",
        verdict=verdict,
        cause=cause,
        group="staff",
        count=count,
        at=at,
    )


def evidence() -> Evidence:
    batch = Batch()
    pairs(batch, Verdict.AGREE, 500)
    pairs(batch, Verdict.DIFFER, 5, at=20.0)
    pairs(batch, Verdict.INCONCLUSIVE, 7, cause="transient", status=500)
    pairs(batch, Verdict.INCONCLUSIVE, 9, cause="noise", at=5.0)
    for template, count in (("/products/", 4), ("/products/<int>/", 1)):
        batch.difference(SCOPE, template=template, difference=PRICE, at=20.0 + count, count=count)
    batch.difference(SCOPE, template="/products/", difference=NAME, at=20.0, count=2)
    batch.difference(SCOPE, template="/products/", difference=HEADER, at=20.0, count=400)
    batch.noise(SCOPE, template="/products/", field="$.now", kind=DifferenceKind.VALUE, count=9)
    batch.noise(SCOPE, template="/products/<int>/", field="$.now", kind=DifferenceKind.VALUE, count=3)
    batch.parameters(SCOPE, template="/products/", names=["page"])
    batch.rules_met(SCOPE, [RULES.rules[0].fingerprint])
    batch.changed(SCOPE, asked=100, changed=1)
    for number in range(1000):
        batch.latency(SCOPE, side="monolith", position="again", seconds=0.01)
        batch.latency(SCOPE, side="candidate", position="second", seconds=0.005)
        batch.distinct(SCOPE, what="targets", hash64=hash64(str(number).encode()))
    batch.distinct(SCOPE, what="subjects", hash64=1)
    return batch.scopes[SCOPE]


def report(found: Evidence, *, rules: Rules = RULES, examples: int = 1) -> RouteReport:
    return report_of(
        SCOPE,
        found,
        missed={"skip": 1, "queue-full": 3},
        examples={(PRICE.field, "value"): [f"k{number}" for number in range(examples)]},
        seen=[SeenScope(SCOPE, 521, 5.0, 20.0)],
        methods=["GET", "HEAD"],
        templates=["/products/", "/products/<int>/"],
        rules=rules,
        bound=0.95,
        at=100.0,
    )


def test_a_report_tells_everything() -> None:
    made = report(evidence())
    assert (made.first, made.last, made.at) == (5.0, 20.0, 100.0)
    assert (made.agreement.agree, made.agreement.differ, made.agreement.inconclusive) == (500, 5, 16)
    assert made.judgement.verdict is GateVerdict.PASS
    assert list(made.causes.items()) == [("noise", 9), ("transient", 7)]
    assert list(made.missed.items()) == [("queue-full", 3), ("skip", 1)]
    assert [(each.field, each.count, each.severity.value) for each in made.differences] == [
        ("$.results[*].price", 5, "breaking"),
        ("$.name", 2, "breaking"),
        ("header:X-A", 400, "warning"),
    ]
    price = made.differences[0]
    assert (price.first, price.last) == (21.0, 24.0)
    assert dict(price.templates) == {"/products/": 4, "/products/<int>/": 1}
    assert price.examples == ("k0",)
    assert made.differences[2].examples == ()
    assert [(each.field, each.count) for each in made.noise] == [("$.now", 12)]
    assert (made.change.transient, made.change.asked) == (7, 100)
    assert made.latency_judgement.verdict is GateVerdict.PASS
    assert made.unmatched is not None
    assert [rule.why for rule in made.unmatched] == ["misspelled"]
    assert made.scopes == (SeenScope(SCOPE, 521, 5.0, 20.0),)


def test_a_report_of_nothing_is_inconclusive_and_whole() -> None:
    made = report(Evidence())
    assert (made.first, made.last) == (0.0, 0.0)
    for judgement in (made.judgement, made.change_judgement, made.latency_judgement):
        assert judgement.verdict is GateVerdict.INCONCLUSIVE
    assert made.differences == ()
    assert made.coverage.unseen_templates == ("/products/", "/products/<int>/")


def test_examples_are_few_and_the_newest() -> None:
    assert report(evidence(), examples=9).differences[0].examples == ("k0", "k1", "k2", "k3", "k4")


def test_rules_of_another_revision_are_not_called_unused() -> None:
    assert report(evidence(), rules=Rules()).unmatched is None


def test_a_report_is_json_all_through() -> None:
    for found in (evidence(), Evidence()):
        document = json.loads(json.dumps(report(found).to_json(), allow_nan=False))
        assert document["route"] == "catalog.list"
        assert document["agreement"]["wanted"] == 0.95
    document = report(evidence()).to_json()
    assert document["agreement"]["verdict"] == "pass"
    assert document["latency"]["comparisons"][0]["rows"][0]["verdict"] == "pass"
    assert document["coverage"]["unseen"] == {
        "templates": ["/products/<int>/"],
        "methods": ["HEAD"],
        "classes": [3, 4, 5],
    }
    assert document["unmatched_rules"][0]["why"] == "misspelled"
    assert document["scopes"][0]["pairs"] == 521


def test_coverage_counts_what_told_something() -> None:
    found = coverage_of(evidence(), methods=["GET"], templates=["/products/"])
    assert found.statuses == {200: 505}
    assert found.groups == {"staff": 505}
    assert found.stages == {"shadow": 505}
    assert found.parameters == {"/products/": {"page": 1}}
    assert found.subjects == 1
    assert abs(found.targets - 1000) < 100
    assert (found.unseen_templates, found.unseen_methods, found.unseen_classes) == ((), (), (3, 4, 5))


def test_where_templates_were_counted_together_none_is_called_unseen() -> None:
    batch = Batch()
    batch.pair(
        SCOPE,
        template="…",
        method="GET",
        status=200,
        stage="shadow",
        answering="monolith",
        verdict=Verdict.AGREE,
        at=1.0,
    )
    assert coverage_of(batch.scopes[SCOPE], templates=["/a", "/b"]).unseen_templates == ()
