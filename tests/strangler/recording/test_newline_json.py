from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strangler.errors import RecordingError
from strangler.recording import Format, Recorded, open_recording
from strangler.recording.newline_json import FIRST_LINE, line_of, read_newline_json
from strangler.recording.problems import Problems
from tests.strangler.recording.things import RECORDED, recorded


def kept(folder: Path, *lines: bytes, packed: bool = False) -> Path:
    path = folder / "shop.ndjson"
    data = b"".join(lines)
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def problems_of(path: Path) -> list[tuple[int | None, str]]:
    with pytest.raises(RecordingError) as raised:
        open_recording(path)
    return [(problem.line, problem.wrong) for problem in raised.value.problems]


@pytest.mark.parametrize("packed", [False, True])
def test_a_recording_is_read_as_often_as_wanted(tmp_path: Path, packed: bool) -> None:
    both = [recorded("/a", at=5.0), recorded("/b", at=3.0)]
    recording = open_recording(kept(tmp_path, FIRST_LINE, *map(line_of, both), packed=packed))
    assert list(recording) == list(recording) == both
    assert (recording.format, recording.count, recording.first, recording.last) == (Format.RECORDING, 2, 3.0, 5.0)
    assert recording.skipped == {}


@given(st.lists(RECORDED, min_size=1, max_size=4), st.data())
def test_wherever_a_kill_cuts_the_last_line_the_others_are_read(
    tmp_path_factory: pytest.TempPathFactory, several: list[Recorded], data: st.DataObject
) -> None:
    lines = [FIRST_LINE, *map(line_of, several)]
    cut = data.draw(st.integers(1, len(lines[-1]) - 2))
    recording = open_recording(kept(tmp_path_factory.mktemp("cut"), *lines[:-1], lines[-1][:cut]))
    assert list(recording) == several[:-1]
    assert recording.skipped == {"torn": 1}


def test_a_last_line_that_lacks_only_its_end_is_whole(tmp_path: Path) -> None:
    recording = open_recording(kept(tmp_path, FIRST_LINE, line_of(recorded())[:-1]))
    assert (recording.count, recording.skipped) == (1, {})


def test_a_packed_file_that_was_cut_off_gives_what_can_still_be_unpacked(tmp_path: Path) -> None:
    path = kept(tmp_path, FIRST_LINE, *(line_of(recorded(f"/{number}")) for number in range(2000)), packed=True)
    path.write_bytes(path.read_bytes()[:-2000])
    recording = open_recording(path)
    assert 0 < recording.count < 2000
    assert recording.skipped == {"torn": 1}


def test_recordings_put_one_behind_the_other_are_a_recording(tmp_path: Path) -> None:
    half = FIRST_LINE + line_of(recorded())
    assert open_recording(kept(tmp_path, half, half)).count == 2


def test_every_problem_is_said_with_its_line(tmp_path: Path) -> None:
    path = kept(
        tmp_path, FIRST_LINE, b"{nonsense}\n", line_of(recorded()), b'{"at": 1}\n', b"[1]\n", line_of(recorded())
    )
    found = problems_of(path)
    assert [line for line, _ in found] == [2, 4, 5]
    assert "is not JSON" in found[0][1]
    assert "request is not an object" in found[1][1]


def test_of_many_problems_twenty_are_said(tmp_path: Path) -> None:
    found = problems_of(kept(tmp_path, FIRST_LINE, *[b"{\n"] * 500))
    assert len(found) == 21
    assert "20 problems up to here" in found[-1][1]


def test_a_later_version_is_not_guessed_at(tmp_path: Path) -> None:
    assert (
        "is of version 2; this one reads 1"
        in problems_of(kept(tmp_path, b'{"strangler": "recording", "version": 2}\n'))[0][1]
    )


def test_a_file_that_does_not_begin_with_the_first_line_is_no_recording(tmp_path: Path) -> None:
    path = kept(tmp_path, line_of(recorded()))
    assert "is no recording" in problems_of(path)[0][1]
    problems = Problems("x")
    assert len(list(read_newline_json(path, problems, Counter()))) == 1
    with pytest.raises(RecordingError, match="not the first line"):
        problems.settle()


def test_a_line_that_is_too_long_is_a_problem_and_the_next_one_is_read(tmp_path: Path) -> None:
    path = kept(tmp_path, FIRST_LINE, line_of(recorded("/" + "x" * 3000)), line_of(recorded("/b")))
    problems = Problems("x")
    read = list(read_newline_json(path, problems, Counter(), 1000))
    assert [each.request.target for each in read] == ["/b"]
    with pytest.raises(RecordingError, match="x:2: is longer than 1000 bytes"):
        problems.settle()


def test_a_file_that_is_not_there_or_empty_is_said(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in problems_of(tmp_path / "none")[0][1]
    assert "is empty" in problems_of(kept(tmp_path, b"\n"))[0][1]
    assert "is no recording" in problems_of(kept(tmp_path, b"\x00\x01\x02\xff" * 10))[0][1]
