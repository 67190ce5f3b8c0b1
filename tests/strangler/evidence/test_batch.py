from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Severity, Verdict
from strangler.evidence import OTHERS, Batch, Evidence, KeptPair, PairKey, Scope, hash64

SCOPE = Scope("catalog.list", "1.0", "abc")


def count(
    batch: Batch, scope: Scope = SCOPE, *, method: str = "GET", verdict: Verdict = Verdict.AGREE, at: float = 5.0
) -> None:
    batch.pair(
        scope, template="/", method=method, status=200, stage="shadow", answering="monolith", verdict=verdict, at=at
    )


def kept(name: str, size: int = 0) -> KeptPair:
    pair = Pair(Request("GET", "/a?b=c", "r", (("Accept", "é"),), b"\xff"), Answer(200, (), b"x" * size), Answer(404))
    return KeptPair(
        name,
        1.5,
        SCOPE,
        "/",
        "shadow",
        "monolith",
        Verdict.DIFFER,
        pair,
        differences=(
            Difference("$.a[3]", DifferenceKind.MISSING, "1", None, Severity.WARNING, "$.a[*]"),
            Difference("status", DifferenceKind.VALUE, "200", "404"),
        ),
        subject="s",
        seconds=(0.1, 0.2),
    )


def full(number: int = 0) -> Batch:
    batch = Batch()
    count(batch, at=number)
    count(batch, verdict=Verdict.DIFFER, at=number + 1)
    batch.difference(SCOPE, template="/", difference=Difference("$.a", DifferenceKind.VALUE), at=number)
    batch.noise(SCOPE, template="/", field="$.b", kind=DifferenceKind.VALUE)
    batch.parameters(SCOPE, template="/", names=["page", "q"])
    batch.latency(SCOPE, side="monolith", position="first", seconds=0.01 + number)
    batch.distinct(SCOPE, what="targets", hash64=hash64(bytes([number])))
    batch.rules_met(SCOPE, [f"r{number}"])
    batch.changed(SCOPE, asked=3, changed=1)
    batch.missed("catalog.list", "skip", 2)
    batch.keep(kept(f"k{number}"))
    return batch


def test_a_batch_travels_as_json() -> None:
    batch = full()
    text = json.dumps(batch.to_json())
    again = Batch.from_json(json.loads(text))
    assert again.id == batch.id
    assert again.to_json() == batch.to_json()
    assert again.kept["k0"] == kept("k0")
    assert bool(again)


def test_nothing_is_false_and_travels_too() -> None:
    batch = Batch()
    assert not batch
    assert not Batch.from_json(batch.to_json())


def test_every_batch_has_its_own_id() -> None:
    assert Batch().id != Batch().id


def test_merging_adds_up_and_leaves_the_other_as_it_was() -> None:
    first, second = full(0), full(1)
    before = second.to_json()
    first.merge(second)
    assert second.to_json() == before
    evidence = first.scopes[SCOPE]
    key = PairKey("/", "GET", 200, "shadow", "monolith", Verdict.AGREE, "", "")
    assert (evidence.pairs[key].count, evidence.pairs[key].first, evidence.pairs[key].last) == (2, 0, 1)
    assert (evidence.asked, evidence.changed) == (6, 2)
    assert evidence.parameters == {"/": {"page": 2, "q": 2}}
    assert evidence.rules_met == {"r0", "r1"}
    assert evidence.distinct["targets"].estimate() == 2
    assert evidence.latency["monolith", "first"].count == 2
    assert first.never_paired == {("catalog.list", "skip"): 4}
    assert list(first.kept) == ["k0", "k1"]


def test_a_hot_caller_counts_in_places_of_its_own() -> None:
    batch = Batch()
    pairs = batch.pairs(
        SCOPE, template="/", method="GET", status=200, stage="shadow", answering="monolith", verdict=Verdict.AGREE
    )
    durations = batch.durations(SCOPE, side="candidate", position="second")
    targets = batch.seen(SCOPE, what="targets")
    assert not batch
    assert batch.to_json()["scopes"] == []
    pairs.add(7.0)
    durations.add(0.1)
    targets.add(1)
    assert batch
    other = Batch()
    count(other, at=7.0)
    other.latency(SCOPE, side="candidate", position="second", seconds=0.1)
    other.distinct(SCOPE, what="targets", hash64=1)
    assert batch.to_json()["scopes"] == other.to_json()["scopes"]


def test_names_without_end_are_counted_together() -> None:
    batch = Batch()
    for number in range(5000):
        count(batch, method=f"M{number}")
        batch.noise(SCOPE, template="/", field=f"$.{number}", kind=DifferenceKind.VALUE)
        batch.parameters(SCOPE, template=f"/{number % 100}", names=[f"p{number}"])
        batch.missed("r", f"cause {number}")
        batch.rules_met(SCOPE, [f"r{number}"])
    evidence = batch.scopes[SCOPE]
    assert sum(tally.count for tally in evidence.pairs.values()) == 5000
    assert len(evidence.pairs) == 4097
    assert sum(evidence.noise.values()) == 5000
    assert len(evidence.noise) == 1001
    assert len(evidence.parameters) == 65
    assert max(map(len, evidence.parameters.values())) == 65
    assert sum(sum(names.values()) for names in evidence.parameters.values()) == 5000
    assert sum(batch.never_paired.values()) == 5000
    assert batch.never_paired["r", OTHERS] == 5000 - 4096
    assert len(evidence.rules_met) == 1000


def test_names_of_any_length_are_told_cut() -> None:
    sent = "x" * 1_000_000
    batch = Batch()
    count(batch, method=sent)
    count(batch, method=sent)
    difference = Difference(f"$.{sent}", DifferenceKind.VALUE)
    batch.difference(SCOPE, template="/", difference=difference, at=1.0)
    batch.noise(SCOPE, template=sent, field=sent, kind=DifferenceKind.VALUE)
    batch.parameters(SCOPE, template="/", names=[sent])
    assert len(json.dumps(batch.to_json())) < 5000
    assert Batch.from_json(batch.to_json()).to_json() == batch.to_json()
    batch.keep(replace(kept("a"), differences=(difference,)))
    assert Batch.from_json(batch.to_json()).kept == batch.kept


def test_releases_without_end_are_counted_together() -> None:
    batch = Batch()
    for number in range(1000):
        count(batch, Scope("r", f"release {number}", "abc"))
    assert len(batch.scopes) == 257
    assert sum(next(iter(each.pairs.values())).count for each in batch.scopes.values()) == 1000


def test_of_pairs_to_keep_the_oldest_go() -> None:
    batch = Batch()
    for number in range(300):
        batch.keep(kept(f"{number}"))
    assert list(batch.kept) == [f"{number}" for number in range(100, 300)]
    for number in range(9):
        batch.keep(kept(f"large {number}", size=1024 * 1024))
    assert list(batch.kept) == [f"large {number}" for number in range(2, 9)]
    batch.keep(kept("huge", size=20 * 1024 * 1024))
    assert list(batch.kept) == ["huge"]


ROW = ["/", "GET", 200, "shadow", "monolith", "agree", "", "", 1, 1.0, 2.0]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"id": 1},
        {"id": "x" * 65},
        {"id": "a", "scopes": {}},
        {"id": "a", "scopes": [["r", "1", "abc"]]},
        {"id": "a", "scopes": [["r", 1, "abc", {}]]},
        {"id": "a", "scopes": [["r", "1", "abc", []]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"pairs": [ROW[:-1]]}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"pairs": [[*ROW[:8], -1, 1.0, 2.0]]}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"pairs": [[*ROW[:8], True, 1.0, 2.0]]}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"pairs": [[*ROW[:8], 2**80, 1.0, 2.0]]}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"pairs": [[*ROW[:9], float("nan"), 2.0]]}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"pairs": [[*ROW[:9], 10**400, 2.0]]}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"pairs": [[*ROW[:5], "perhaps", *ROW[6:]]]}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"parameters": {"/": 1}}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"distinct": []}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"distinct": {"targets": {}}}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"distinct": {"targets": {"hashes": ["x"]}}}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"distinct": {"targets": {"registers": "AAAA"}}}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"distinct": {"targets": {"registers": "!"}}}]]},
        {"id": "a", "scopes": [["r", "1", "abc", {"latency": [["monolith", "first", [[600, 1]]]]}]]},
        {"id": "a", "missed": [["r", "c"]]},
        {"id": "a", "kept": [{}]},
    ],
)
def test_garbage_is_refused_with_a_reason(document: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Batch.from_json(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(st.sampled_from(sorted(Evidence.__slots__)), JSON)
def test_no_garbage_ends_in_anything_but_a_refusal(key: str, value: Any) -> None:
    with suppress(ValueError):
        Evidence.from_json({key: value})
