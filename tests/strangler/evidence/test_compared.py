from __future__ import annotations

from strangler.evidence import MINUTE, Compared, Scope
from strangler.evidence.compared import compared_by

OLD, NEW = Scope("catalog.list", "1.0", "abc"), Scope("catalog.list", "2.0", "abc")


def test_minutes_are_joined_into_longer_windows_of_each_scope() -> None:
    minutes = [
        Compared(NEW, 300, MINUTE, agree=1, open=1),
        Compared(OLD, 240, MINUTE, agree=5),
        Compared(OLD, 300, MINUTE, agree=2, differ=1),
        Compared(OLD, 540, MINUTE, agree=3, inconclusive=4),
    ]
    assert compared_by(minutes, 300) == [
        Compared(OLD, 0, 300, agree=5),
        Compared(OLD, 300, 300, agree=5, differ=1, inconclusive=4),
        Compared(NEW, 300, 300, agree=1, open=1),
    ]


def test_minutes_that_stay_minutes_are_as_they_were() -> None:
    minutes = [Compared(OLD, 60, MINUTE, 1, 2, 3, 4), Compared(NEW, 120, MINUTE)]
    assert compared_by(minutes, MINUTE) == minutes
    assert minutes[0].to_json() == {
        "route": "catalog.list", "release": "1.0", "rules": "abc", "start": 60, "seconds": 60,
        "agree": 1, "differ": 2, "inconclusive": 3, "open": 4,
    }  # fmt: skip
