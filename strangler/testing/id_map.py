# ruff: noqa: S101 - a suite asserts
"""The suite that every id map must pass. `strangler.compare.MemoryIdMap` is the fake: it needs nothing but memory."""

from __future__ import annotations

from collections.abc import Callable

from strangler.compare import Id, IdMap, IdPair, Meeting

__all__ = ["IdMapConformance"]


def _pair(old: str | bytes, new: str | bytes, space: str = "product") -> IdPair:
    one, other = Id.of(old), Id.of(new)
    assert one is not None
    assert other is not None
    return IdPair(space, one, other)


class IdMapConformance:
    """Subclass it and give the fixture `make_map`: a function that makes a new map which knows nothing."""

    def test_a_pair_is_new_until_it_was_learned(self, make_map: Callable[[], IdMap]) -> None:
        known = make_map()
        assert known.meet(_pair(b"1", b"7")) is Meeting.NEW
        assert known.meet(_pair(b"1", b"7")) is Meeting.NEW
        known.learn([_pair(b"1", b"7")])
        assert known.meet(_pair(b"1", b"7")) is Meeting.KNOWN
        assert known.meet(_pair(b"2", b"8")) is Meeting.NEW

    def test_an_id_of_either_side_belongs_to_one_of_the_other(self, make_map: Callable[[], IdMap]) -> None:
        known = make_map()
        known.learn([_pair(b"1", b"7"), _pair(b"2", b"8")])
        assert known.meet(_pair(b"1", b"9")) is Meeting.CONTRADICTED
        assert known.meet(_pair(b"3", b"7")) is Meeting.CONTRADICTED
        assert known.meet(_pair(b"1", b"8")) is Meeting.CONTRADICTED

    def test_what_is_no_news_changes_nothing(self, make_map: Callable[[], IdMap]) -> None:
        known = make_map()
        known.learn([_pair(b"1", b"7"), _pair(b"1", b"8"), _pair(b"2", b"7")])
        assert known.meet(_pair(b"1", b"7")) is Meeting.KNOWN
        assert known.meet(_pair(b"2", b"8")) is Meeting.NEW

    def test_name_spaces_know_nothing_of_one_another(self, make_map: Callable[[], IdMap]) -> None:
        known = make_map()
        known.learn([_pair(b"1", b"7")])
        assert known.meet(_pair(b"1", b"8", "order")) is Meeting.NEW

    def test_an_id_of_another_kind_than_its_fellows_is_unlike(self, make_map: Callable[[], IdMap]) -> None:
        known = make_map()
        known.learn([_pair(b"1", b"7")])
        assert known.meet(_pair(b"2", "8")) is Meeting.UNLIKE
        assert known.meet(_pair("2", b"8")) is Meeting.UNLIKE
        assert known.meet(_pair(b"1", "7")) is Meeting.UNLIKE
        known.learn([_pair(b"3", "chair")])
        assert known.meet(_pair(b"3", b"9")) is Meeting.NEW

    def test_the_same_id_of_another_kind_on_both_sides_is_like_itself(self, make_map: Callable[[], IdMap]) -> None:
        known = make_map()
        known.learn([_pair(b"1", b"7")])
        assert known.meet(_pair("chair", "chair")) is Meeting.NEW
        known.learn([_pair("chair", "chair")])
        assert known.meet(_pair("chair", "table")) is Meeting.UNLIKE
        assert known.meet(_pair(b"2", b"8")) is Meeting.NEW
        assert known.meet(_pair(b"2", "table")) is Meeting.UNLIKE

    def test_the_kind_of_the_ids_is_what_all_of_them_share(self, make_map: Callable[[], IdMap]) -> None:
        known = make_map()
        known.learn([_pair(b"1", "12345678"), _pair(b"2", "deadbeef"), _pair(b"3", "chair")])
        assert known.meet(_pair(b"4", "table")) is Meeting.NEW
        assert known.meet(_pair(b"4", "17")) is Meeting.UNLIKE
        assert known.meet(_pair(b"4", "c1b2a3d4-e5f6-0718-293a-4b5c6d7e8f90")) is Meeting.UNLIKE
