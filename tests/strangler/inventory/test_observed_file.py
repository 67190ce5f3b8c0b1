from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest

from strangler.errors import ConfigError
from strangler.inventory import Observed, Together
from strangler.inventory.observed_file import OBSERVED_FILE, add_observed, read_observed

ROW = Observed("cart/", "POST", 2, 6, ("a",), ("b",), (Together(("a", "b"), ("one", "two"), 2),))


def test_what_several_processes_saw_is_added_up(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    assert add_observed(folder, [ROW])
    assert add_observed(
        folder, [Observed("cart/", "POST", 1, 1, ("c",), (), ROW.transactions), Observed("x", "GET", 1)]
    )
    assert read_observed(folder) == (
        Observed("cart/", "POST", 3, 7, ("a", "c"), ("b",), (Together(("a", "b"), ("one", "two"), 4),)),
        Observed("x", "GET", 1),
    )


def test_who_finds_another_at_it_keeps_what_it_has(tmp_path: Path) -> None:
    with (tmp_path / "observed.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert not add_observed(tmp_path, [ROW])
    assert not (tmp_path / OBSERVED_FILE).exists()
    assert add_observed(tmp_path, [ROW], wait=True)


@pytest.mark.parametrize("text", ["no json", "{}", "[" * 100_000, '{"format": "strangler.observed", "version": 1}'])
def test_a_file_that_is_spoiled_is_told_by_its_reader_and_begun_anew_by_a_writer(tmp_path: Path, text: str) -> None:
    (tmp_path / OBSERVED_FILE).write_text(text)
    with pytest.raises(ConfigError, match="Take the file away"):
        read_observed(tmp_path)
    assert add_observed(tmp_path, [ROW])
    assert read_observed(tmp_path) == (ROW,)


def test_nothing_observed_yet_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_observed(tmp_path)


def test_a_row_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    document = {"format": "strangler.observed", "version": 1, "observed": [{"key": "x", "method": "GET"}]}
    (tmp_path / OBSERVED_FILE).write_text(json.dumps(document))
    with pytest.raises(ConfigError, match=r"observed\[0\]\.requests: is missing"):
        read_observed(tmp_path)
