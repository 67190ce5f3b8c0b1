"""Where routes differ, read for a while only."""

from __future__ import annotations

from strangler_proxy.control.differing import Differing

from strangler.compare import Difference, DifferenceKind, Severity, Verdict
from strangler.evidence import Batch, Evidence, Scope
from strangler.testing import MemoryEvidenceStore

LONG = 60.0
ROUTES = ["a", "b", "c"]


class CountingStore(MemoryEvidenceStore):
    """Says of which scopes evidence was read."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[str] = []

    def read(self, scope: Scope, *, since: float = 0.0, until: float | None = None) -> Evidence:
        self.reads.append(scope.route)
        return super().read(scope, since=since, until=until)


def differ(store: MemoryEvidenceStore, route: str, at: float, severity: Severity = Severity.BREAKING) -> None:
    batch, scope = Batch(), Scope(route, "v1", "r")
    batch.pair(scope, template="/", method="GET", status=200, stage="shadow",
               answering="monolith", verdict=Verdict.DIFFER, at=at)  # fmt: skip
    batch.difference(scope, template="/", difference=Difference("$.a", DifferenceKind.VALUE, "1", "2", severity), at=at)
    store.add(batch, at=at)


def test_what_there_was_no_time_for_is_said_to_be_behind_and_read_at_the_next_look() -> None:
    store = CountingStore()
    for number, route in enumerate(ROUTES):
        differ(store, route, 1.0 + number)
    differing = Differing(store)
    assert differing.rows(ROUTES, seconds=0) == ([], ["c", "b", "a"]), "the newest first"
    rows, behind = differing.rows(ROUTES, seconds=LONG)
    assert ([row.scope.route for row in rows], behind) == (ROUTES, [])
    assert store.reads == ["c", "b", "a"]
    assert differing.rows(ROUTES, seconds=0) == (rows, [])
    assert store.reads == ["c", "b", "a"], "nothing new is read twice"


def test_what_was_told_before_is_told_until_what_is_new_is_read() -> None:
    store = CountingStore()
    for route in ROUTES:
        differ(store, route, 1.0)
    differing = Differing(store)
    differing.rows(ROUTES, seconds=LONG)
    for route in ("b", "a"):
        differ(store, route, 9.0)
    rows, behind = differing.rows(ROUTES, seconds=0)
    assert [row.count for row in rows] == [1, 1, 1]
    assert set(behind) == {"a", "b"}
    store.reads.clear()
    rows, behind = differing.rows(ROUTES, seconds=LONG)
    assert ([row.count for row in rows], behind) == ([2, 2, 1], [])


def test_one_route_is_looked_at_without_the_others_and_forgets_none_of_them() -> None:
    store = CountingStore()
    for route in ROUTES:
        differ(store, route, 1.0)
    differing = Differing(store)
    rows, behind = differing.rows(["b"], seconds=LONG)
    assert ([row.scope.route for row in rows], behind, store.reads) == (["b"], [], ["b"])
    differing.rows(ROUTES, seconds=LONG)
    differing.rows(["a"], seconds=LONG)
    assert sorted(store.reads) == ROUTES


def test_what_was_cleared_is_told_no_more() -> None:
    store = CountingStore()
    differ(store, "a", 1.0)
    differing = Differing(store)
    differing.rows(ROUTES, seconds=LONG)
    store.clear("a")
    assert differing.rows(ROUTES, seconds=LONG) == ([], [])
