from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Severity, Verdict
from strangler.evidence import KeptPair, Scope
from strangler.evidence.samples import Sample, Shelf, keepers, redundant, shelves

SAMPLES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20), st.sampled_from([(2, 2), (2, 5), (4, 4)])), max_size=20
).map(lambda rows: [Sample(str(number), at, size, kind) for number, (at, size, kind) in enumerate(rows)])


def kept(verdict: Verdict, *differences: Difference, cause: str = "") -> KeptPair:
    pair = Pair(Request(), Answer(200), Answer(503))
    return KeptPair("a", 1.0, Scope("r"), "/", "shadow", "monolith", verdict, pair, cause, differences)


PRICE = Difference("$.a[1]", DifferenceKind.VALUE, field="$.a[*]")
WARNING = Difference("header:X", DifferenceKind.EXTRA, severity=Severity.WARNING)


def test_a_pair_stands_with_everything_that_it_shows() -> None:
    again = Difference("$.a[2]", DifferenceKind.VALUE, field="$.a[*]")
    assert shelves(kept(Verdict.DIFFER, PRICE, again, WARNING)) == [
        Shelf("/", "$.a[*]", "value"),
        Shelf("/", "header:X", "extra"),
    ]
    assert shelves(kept(Verdict.DIFFER)) == [Shelf("/", "", "differ")]
    assert shelves(kept(Verdict.AGREE, WARNING)) == [Shelf("/", "", "agree"), Shelf("/", "header:X", "extra")]
    assert shelves(kept(Verdict.INCONCLUSIVE, PRICE, cause="noise")) == [Shelf("/", "", "inconclusive:noise")]


def test_a_pair_with_differences_without_end_stands_in_few_places() -> None:
    many = (Difference(f"$.{number}", DifferenceKind.VALUE) for number in range(500))
    assert len(shelves(kept(Verdict.DIFFER, *many))) == 40


def test_a_sample_is_what_deciding_needs_of_a_pair() -> None:
    pair = kept(Verdict.DIFFER)
    assert Sample.of(pair) == Sample("a", 1.0, pair.size, (2, 5))


@given(SAMPLES, st.integers(0, 6))
def test_the_newest_the_smallest_and_each_kind_of_status_come_first(shelf: list[Sample], samples: int) -> None:
    wanted = keepers(shelf, samples)
    assert len(wanted) == min(samples, len(shelf))
    if shelf and samples >= 1:
        newest = max(each.at for each in shelf)
        assert any(each.at == newest for each in shelf if each.id in wanted)
    if shelf and samples >= 2:
        smallest = min(each.size for each in shelf)
        assert any(each.size == smallest for each in shelf if each.id in wanted)
    if samples >= 5:
        assert {each.statuses for each in shelf} == {each.statuses for each in shelf if each.id in wanted}


@given(SAMPLES, st.integers(0, 6), st.randoms())
def test_what_a_shelf_keeps_does_not_depend_on_the_order(shelf: list[Sample], samples: int, random: object) -> None:
    assert keepers(shelf, samples) == keepers(list(reversed(shelf)), samples)


def test_where_most_show_the_same_the_oldest_goes_first() -> None:
    rows = [
        (Sample("only", 1, 10, (2, 2)), ["b"]),
        (Sample("old", 2, 10, (2, 2)), ["a"]),
        (Sample("middle", 3, 10, (2, 2)), ["a"]),
        (Sample("both", 4, 10, (2, 2)), ["a", "c"]),
        (Sample("new", 5, 10, (2, 2)), ["a"]),
    ]
    assert redundant(rows, 50) == []
    assert redundant(rows, 40) == ["old"]
    assert redundant(rows, 21) == ["old", "middle", "new"]
    assert set(redundant(rows, 0)) == {"only", "old", "middle", "both", "new"}
