from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.errors import SnapshotError, UnknownToggle
from strangler.toggles import Kind, Side, Snapshot, Stage, Toggle, read_snapshot, write_snapshot
from strangler.toggles.snapshot import FORMAT
from tests.strangler.toggles.test_toggle import TOGGLES

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SNAPSHOTS = st.builds(
    lambda revision, toggles, at: Snapshot(revision, {toggle.name: toggle for toggle in toggles}, at),
    st.integers(0, 10**9),
    st.lists(TOGGLES, max_size=4),
    st.datetimes(timezones=st.just(UTC)),
)


def some() -> Snapshot:
    return Snapshot(3, {name: Toggle(name) for name in ("catalog.list", "catalog.detail", "orders.list")}, AT)


@given(SNAPSHOTS)
def test_a_snapshot_survives_json(snapshot: Snapshot) -> None:
    assert Snapshot.from_json(json.loads(json.dumps(snapshot.to_json()))) == snapshot


def test_a_snapshot_is_of_the_first_format_until_a_groups_side_is_set_by_hand() -> None:
    assert some().to_json()["format"] == 1
    grouped = Toggle("catalog.list", overrides={"group:staff": Side.CANDIDATE})
    document = some().moved([grouped], revision=4, at=AT).to_json()
    assert document["format"] == FORMAT == 2
    assert Snapshot.from_json(document).toggles["catalog.list"].groups == {"staff": Side.CANDIDATE}


def test_a_snapshot_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "toggles.json"
    write_snapshot(path, some())
    assert read_snapshot(path) == some()
    assert [each.name for each in tmp_path.iterdir()] == ["toggles.json"]


def test_no_file_is_no_snapshot(tmp_path: Path) -> None:
    assert read_snapshot(tmp_path / "none.json") is None


def test_a_file_cut_off_anywhere_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "toggles.json"
    write_snapshot(path, some())
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(SnapshotError, match=r"toggles\.json"):
            read_snapshot(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b'"snapshot"',
        b"{}",
        b'{"format": 3, "revision": 1, "at": "2026-01-01T00:00:00+00:00", "toggles": []}',
        b'{"format": 1, "revision": null, "at": "2026-01-01T00:00:00+00:00", "toggles": []}',
        b'{"format": 1, "revision": 1, "at": "yesterday", "toggles": []}',
        b'{"format": 1, "revision": 1, "at": "2026-01-01T00:00:00+00:00", "toggles": [1]}',
        b"[" * 100_000,
    ],
)
def test_a_garbled_file_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "toggles.json"
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"toggles\.json"):
        read_snapshot(path)


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="cannot be read"):
        read_snapshot(tmp_path)


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_snapshot_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "toggles.json"
    write_snapshot(path, some())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_snapshot(path, Snapshot(4, {}, AT))
    assert read_snapshot(path) == some()
    assert [each.name for each in tmp_path.iterdir()] == ["toggles.json"]


def test_a_glob_finds_toggles_by_name() -> None:
    assert [toggle.name for toggle in some().matching("catalog.*")] == ["catalog.detail", "catalog.list"]
    assert [toggle.name for toggle in some().matching("*")] == ["catalog.detail", "catalog.list", "orders.list"]
    assert [toggle.name for toggle in some().matching("*.list")] == ["catalog.list", "orders.list"]
    assert [toggle.name for toggle in some().matching("orders.lis[st]")] == ["orders.list"]


@pytest.mark.parametrize("pattern", ["nosuch", "Catalog.*", "catalog", ""])
def test_a_glob_that_finds_nothing_is_an_unknown_toggle(pattern: str) -> None:
    with pytest.raises(UnknownToggle):
        some().matching(pattern)


def test_a_name_that_is_nearly_right_is_told_the_right_one() -> None:
    with pytest.raises(UnknownToggle, match=r"Did you mean 'catalog\.detail'\?"):
        some().matching("catalog.detial")


def test_a_name_that_is_not_there_is_an_unknown_toggle() -> None:
    assert some()["orders.list"].name == "orders.list"
    with pytest.raises(UnknownToggle, match="nosuch"):
        some()["nosuch"]


def test_moved_toggles_carry_the_new_revision_and_the_others_keep_theirs() -> None:
    later = datetime(2026, 11, 21, tzinfo=UTC)
    moved = some().moved([Toggle("orders.list", Kind.ROUTE, Stage.CANARY, 10)], revision=4, at=later)
    assert (moved.revision, moved.at) == (4, later)
    assert [(toggle.name, toggle.revision) for toggle in moved.toggles.values()] == [
        ("catalog.detail", 0),
        ("catalog.list", 0),
        ("orders.list", 4),
    ]
    assert some().toggles["orders.list"].stage is Stage.MONOLITH
