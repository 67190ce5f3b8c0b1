# ruff: noqa: S101 - a suite asserts
"""The part of the evidence stores' suite that is about what customers got."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from strangler.evidence import BOUNDS, EvidenceStore, Opened, Traffic, TrafficKey, Window, total

__all__ = ["TrafficConformance"]

_DAY = 86_400
_AT = 20_000.0 * _DAY + 3600
_CANDIDATE = TrafficKey("catalog.list", "candidate", "canary", "1.0")
_MONOLITH = TrafficKey("catalog.list", "monolith", "canary", "")


def _traffic(requests: int = 1, *, errors: int = 0, fallbacks: int = 0, bucket: int = 3) -> Traffic:
    buckets = [0] * (len(BOUNDS) + 1)
    buckets[bucket] = requests
    return Traffic(requests, errors, fallbacks, requests * 0.5, tuple(buckets))


class TrafficConformance:
    """Part of `EvidenceStoreConformance`."""

    def test_what_customers_got_adds_up_in_windows_of_five_seconds(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        first, second = open_store(), open_store()
        assert first.add_traffic({_CANDIDATE: _traffic(5, errors=2, fallbacks=1), _MONOLITH: _traffic(7)}, at=_AT + 1)
        assert second.add_traffic({_CANDIDATE: _traffic(1, errors=1, bucket=15)}, at=_AT + 4.9)
        assert second.add_traffic({_CANDIDATE: _traffic(9)}, at=_AT + 5)
        both = _traffic(5, errors=2, fallbacks=1) + _traffic(1, errors=1, bucket=15)
        assert first.traffic("catalog.list", since=_AT) == [
            Window(_AT, 5, _CANDIDATE, both),
            Window(_AT, 5, _MONOLITH, _traffic(7)),
            Window(_AT + 5, 5, _CANDIDATE, _traffic(9)),
        ]
        first.close()
        second.close()

    def test_traffic_is_read_of_whole_windows_from_a_moment_to_another(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        other = TrafficKey("-", "monolith")
        for number in range(4):
            store.add_traffic({_CANDIDATE: _traffic(10**number), other: _traffic(7)}, at=_AT + 5 * number)

        def seen(since: float, until: float | None = None, route: str | None = "catalog.list") -> int:
            return total(store.traffic(route, since=since, until=until)).requests

        assert (seen(_AT), seen(_AT + 1), seen(_AT + 5), seen(_AT + 99)) == (1111, 1110, 1110, 0)
        assert (seen(_AT, _AT + 10), seen(_AT, _AT + 10.1), seen(_AT + 1, _AT + 5)) == (11, 111, 0)
        assert (seen(_AT, route="-"), seen(_AT, route=None), seen(_AT, route="catalog")) == (28, 1139, 0)
        store.close()

    def test_windows_are_joined_as_it_is_asked_for_and_no_more_are_given(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        for number, second in enumerate((0, 5, 60)):
            store.add_traffic({_CANDIDATE: _traffic(10**number), _MONOLITH: _traffic(7)}, at=_AT + second)
        store.prune(now=_AT + 3600 + 60, keep_seconds=_DAY, most_bytes=0)

        def seen(**asked: int) -> list[tuple[float, int, int]]:
            windows = store.traffic("catalog.list", since=_AT, **asked)
            return [(each.start - _AT, each.seconds, each.traffic.requests) for each in windows]

        assert seen() == seen(step=5) == [(0, 60, 11), (0, 60, 14), (60, 5, 100), (60, 5, 7)]
        assert seen(step=15) == [(0, 60, 11), (0, 60, 14), (60, 15, 100), (60, 15, 7)]
        assert seen(step=3600) == [(0, 3600, 111), (0, 3600, 21)]
        assert store.traffic(since=_AT + 60, step=3600)[0].start == _AT
        assert seen(most=3) == seen()[:3]
        assert seen(most=0) == []
        store.close()

    def test_requests_of_all_routes_add_up_by_side_and_step(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        other = TrafficKey("-", "monolith")
        for number, second in enumerate((0, 5, 60)):
            store.add_traffic({_CANDIDATE: _traffic(10**number), other: _traffic(7)}, at=_AT + second)
            store.add_traffic({_MONOLITH: _traffic(1)}, at=_AT + second)

        def seen(since: float = _AT, until: float | None = None, step: int = 60) -> dict[tuple[float, str], int]:
            found = store.requests_by_side(since=since, until=until, step=step)
            return {(start - _AT, side): requests for (start, side), requests in found.items()}

        assert seen() == {(0, "candidate"): 11, (0, "monolith"): 16, (60, "candidate"): 100, (60, "monolith"): 8}
        assert seen(since=_AT + 1, until=_AT + 60) == {(0, "candidate"): 10, (0, "monolith"): 8}
        assert seen(step=3600) == {(0, "candidate"): 111, (0, "monolith"): 24}
        store.prune(now=_AT + 3600 + 60, keep_seconds=_DAY, most_bytes=0)
        assert seen(step=5) == {(0, "candidate"): 11, (0, "monolith"): 16, (60, "candidate"): 100, (60, "monolith"): 8}
        assert seen(since=_AT + 65) == {}
        store.close()

    def test_traffic_told_again_under_its_name_is_not_counted_again(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        first, second = open_store(), open_store()
        rows = {_CANDIDATE: _traffic(3)}
        assert first.add_traffic(rows, at=_AT, opened={"catalog": 1}, told="a")
        assert not second.add_traffic(rows, at=_AT, opened={"catalog": 1}, told="a")
        assert not first.add_traffic(rows, at=_AT + 60, told="a")
        assert second.add_traffic(rows, at=_AT, told="b")
        assert first.add_traffic(rows, at=_AT)
        assert second.add_traffic(rows, at=_AT)
        assert total(first.traffic(since=0)) == _traffic(12)
        assert first.opened("catalog", since=0) == [Opened(_AT, 5, "catalog", 1)]
        first.close()
        second.close()

    def test_openings_of_breakers_are_read_by_upstream(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        store.add_traffic({}, at=_AT, opened={"catalog": 1, "orders": 5})
        store.add_traffic({}, at=_AT + 1, opened={"catalog": 2})
        store.add_traffic({}, at=_AT + 10, opened={"catalog": 1})
        assert store.opened("catalog", since=_AT) == [
            Opened(_AT, 5, "catalog", 3),
            Opened(_AT + 10, 5, "catalog", 1),
        ]
        assert store.opened("catalog", since=_AT + 1, until=_AT + 10) == []
        assert store.opened("catalog", since=_AT + 1, until=_AT + 11) == [Opened(_AT + 10, 5, "catalog", 1)]
        assert store.opened("inventory", since=0) == []
        assert store.traffic(since=0) == []
        store.close()

    def test_old_windows_are_joined_into_longer_ones_and_nothing_is_lost(
        self, open_store: Callable[[], EvidenceStore]
    ) -> None:
        store = open_store()
        for second in range(0, 240, 15):
            rows = {_CANDIDATE: _traffic(2, errors=1), _MONOLITH: _traffic(3)}
            store.add_traffic(rows, at=_AT + second, opened={"catalog": 1})
        store.prune(now=_AT + 3600 + 150, keep_seconds=_DAY, most_bytes=0)
        windows = store.traffic(since=0)
        assert [each.seconds for each in windows if each.key == _CANDIDATE] == [60, 60, *[5] * 8]
        assert windows[0] == Window(_AT, 60, _CANDIDATE, _traffic(8) + _traffic(0, errors=4))
        opened = [(each.seconds, each.count) for each in store.opened("catalog", since=0)]
        assert opened[:3] == [(60, 4), (60, 4), (5, 1)]
        store.add_traffic({_CANDIDATE: _traffic(1)}, at=_AT + 61)
        store.prune(now=_AT + 91 * _DAY, keep_seconds=_DAY, most_bytes=0)
        assert store.traffic(since=0) == [
            Window(_AT, 3600, _CANDIDATE, _traffic(33) + _traffic(0, errors=16)),
            Window(_AT, 3600, _MONOLITH, _traffic(48)),
        ]
        assert store.opened("catalog", since=_AT) == [Opened(_AT, 3600, "catalog", 16)]
        store.prune(now=_AT + 3 * 365 * _DAY, keep_seconds=_DAY, most_bytes=0)
        assert store.traffic(since=0) == []
        assert store.opened("catalog", since=0) == []
        store.close()

    def test_releases_without_end_are_counted_together(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        for part in range(3):
            rows = {_CANDIDATE._replace(release=f"{part}.{number}"): _traffic(1) for number in range(200)}
            store.add_traffic(rows, at=_AT + part)
        store.add_traffic({_CANDIDATE._replace(release="x" * 1000, stage="y" * 1000): _traffic(1)}, at=_AT)
        windows = store.traffic(since=0)
        assert len({each.key.release for each in windows}) <= 257
        assert total(windows).requests == 601
        assert max(len(each.key.stage) for each in windows) < 400
        store.close()

    def test_clearing_a_route_leaves_what_customers_got(self, open_store: Callable[[], EvidenceStore]) -> None:
        store = open_store()
        store.add_traffic({_CANDIDATE: _traffic(3)}, at=_AT)
        store.clear("catalog.list")
        assert total(store.traffic("catalog.list", since=0)).requests == 3
        store.close()

    def test_many_who_tell_of_traffic_at_once_lose_nothing(self, open_store: Callable[[], EvidenceStore]) -> None:
        stores = [open_store() for _ in range(4)]
        start = threading.Barrier(8)

        def add(number: int) -> bool:
            start.wait()
            rows = {
                _CANDIDATE: _traffic(1),
                _MONOLITH: _traffic(2),
                _CANDIDATE._replace(release=f"{number}"): _traffic(1),
            }
            return all(
                stores[number % 4].add_traffic(
                    dict(sorted(rows.items(), reverse=bool(number % 2))), at=_AT, told=f"{number}.{turn}"
                )
                for turn in range(4)
            )

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(add, range(8)))
        assert total(stores[0].traffic(since=0)) == _traffic(128)
        for store in stores:
            store.close()
