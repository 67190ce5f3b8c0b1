"""The ids that a comparer has learned outlive it."""

from __future__ import annotations

from pathlib import Path

import pytest
from strangler_proxy.comparer.learned import LearnedIds

from strangler.compare import Rules
from strangler.compare.id_map import Id, IdPair, IdTable, Meeting

ONE, TWO, A, B = (Id(text, frozenset({"text"})) for text in ("1", "2", "a", "b"))
PAIR = IdPair("product", ONE, A)


def write(path: Path, text: str) -> None:
    path.write_text(text)


def test_what_was_learned_is_known_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "ids-0.json"
    ids = LearnedIds(Rules(), path, write)
    assert ids.map.meet(PAIR) is Meeting.NEW
    ids.map.learn([PAIR])
    ids.save()
    again = LearnedIds(Rules(), path, write).map
    assert again.meet(PAIR) is Meeting.KNOWN
    assert again.meet(IdPair("product", ONE, B)) is Meeting.CONTRADICTED


def test_tables_hold_against_what_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "ids-0.json"
    ids = LearnedIds(Rules(), path, write)
    ids.map.learn([PAIR])
    ids.save()
    rules = Rules(tables=(IdTable("product", (("1", "b"),)),))
    assert LearnedIds(rules, path, write).map.meet(IdPair("product", ONE, B)) is Meeting.KNOWN


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"product": 5}', '{"product": {"pairs": [1]}}', "[" * 100_000, "\0"])
def test_what_cannot_be_read_is_learned_anew_and_said(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ids-0.json"
    path.write_text(text)
    ids = LearnedIds(Rules(), path, write)
    assert ids.map.meet(PAIR) is Meeting.NEW
    assert "learned anew" in caplog.text
    ids.map.learn([PAIR])
    ids.save()
    assert LearnedIds(Rules(), path, write).map.meet(PAIR) is Meeting.KNOWN


def test_nothing_is_written_where_nothing_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "ids-0.json"
    ids = LearnedIds(Rules(), path, write)
    ids.map.learn([PAIR])
    ids.save()
    path.unlink()
    ids.save()
    assert not path.exists()
    ids.map.learn([IdPair("product", TWO, B)])
    ids.save()
    assert path.exists()


def test_a_full_disk_costs_nothing_but_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    ids = LearnedIds(Rules(), tmp_path / "ids-0.json", full)
    ids.map.learn([PAIR])
    ids.save()
    assert "No space left" in caplog.text
    assert ids.map.meet(PAIR) is Meeting.KNOWN
