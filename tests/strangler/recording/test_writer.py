from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from strangler.compare import Pair
from strangler.recording import RecordingWriter, Rotation, open_recording
from strangler.testing import ManualClock
from tests.strangler.recording.things import recorded
from tests.waiting import until


def as_it_is(pair: Pair) -> Pair:
    return pair


def targets(folder: Path) -> list[str]:
    """What all files of a folder hold, the oldest first."""
    aside = sorted(each for each in folder.iterdir() if "-" in each.name)
    current = [each for each in folder.iterdir() if "-" not in each.name]
    return [each.request.target for path in [*aside, *current] for each in open_recording(path)]


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_added_is_read_again_after_every_flush(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "deep" / "shop.ndjson"
    writer = RecordingWriter(path, as_it_is, rotation=Rotation(packed=packed))
    assert writer.add(recorded("/1"))
    writer.flush()
    assert targets(path.parent) == ["/1"]
    assert writer.add(recorded("/2"))
    writer.close()
    assert targets(path.parent) == ["/1", "/2"]
    assert open_recording(path).skipped == {}
    assert (writer.written, writer.problem, path.stat().st_mode & 0o777) == (2, "", 0o600)


@pytest.mark.parametrize("packed", [False, True])
def test_full_files_are_put_aside_and_the_oldest_go(tmp_path: Path, packed: bool) -> None:
    writer = RecordingWriter(
        tmp_path / "shop.ndjson", as_it_is, rotation=Rotation(bytes=50, keep=3, packed=packed), clock=ManualClock()
    )
    for number in range(12):
        writer.add(recorded(f"/{number}"))
        writer.flush()
    writer.close()
    assert targets(tmp_path) == ["/8", "/9", "/10", "/11"]
    assert all("-19700101T" in each.name or each.name == "shop.ndjson" for each in tmp_path.iterdir())


def test_a_file_is_full_by_its_age_too(tmp_path: Path) -> None:
    clock = ManualClock()
    writer = RecordingWriter(tmp_path / "shop.ndjson", as_it_is, rotation=Rotation(seconds=60), clock=clock)
    for number in range(3):
        writer.add(recorded(f"/{number}"))
        writer.flush()
        clock.advance(31)
    writer.close()
    assert len(list(tmp_path.iterdir())) == 2
    assert targets(tmp_path) == ["/0", "/1", "/2"]


def test_what_an_earlier_writer_left_is_put_aside_and_not_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "shop.ndjson"
    first = RecordingWriter(path, as_it_is)
    first.add(recorded("/1"))
    first.close()
    with path.open("ab") as file:
        file.write(b'{"at": 2, "requ')
    second = RecordingWriter(path, as_it_is)
    second.add(recorded("/2"))
    second.close()
    assert targets(tmp_path) == ["/1", "/2"]


def test_nothing_is_kept_that_was_not_redacted(tmp_path: Path) -> None:
    def fails(pair: Pair) -> Pair:
        raise RuntimeError("no key")

    writer = RecordingWriter(tmp_path / "shop.ndjson", fails)
    assert not writer.add(recorded("/secret"))
    writer.close()
    assert writer.dropped == {"redactor": 1}
    assert not (tmp_path / "shop.ndjson").exists()


def test_a_client_is_recorded_whole_or_not_at_all(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "shop.ndjson", as_it_is, sample=0.3)
    taken = {
        f"c{client}": [writer.add(recorded(f"/{n}", client=f"c{client}")) for n in range(3)] for client in range(400)
    }
    assert all(len(set(each)) == 1 for each in taken.values())
    assert 80 < sum(each[0] for each in taken.values()) < 160
    assert writer.dropped["sample"] == 3 * sum(not each[0] for each in taken.values())


@pytest.mark.parametrize("packed", [False, True])
def test_while_the_disk_is_full_lines_wait_within_a_bound_and_none_is_torn_or_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    writer = RecordingWriter(tmp_path / "shop.ndjson", as_it_is, rotation=Rotation(packed=packed), buffer=3000)
    writer.add(recorded("/1"))
    writer.flush()
    write, full = os.write, True

    def half(descriptor: int, data: bytes) -> int:
        if not full:
            return write(descriptor, data)
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:37])

    monkeypatch.setattr("strangler.recording.output.os.write", half)
    taken = [number for number in range(2, 40) if writer.add(recorded(f"/{number}"))]
    writer.flush()
    assert writer.problem == "No space left on device"
    assert 0 < len(taken) < 38
    assert writer.dropped["buffer"] == 38 - len(taken)
    full = False
    writer.close()
    assert writer.problem == ""
    assert targets(tmp_path) == [f"/{number}" for number in (1, *taken)]


def test_a_folder_that_cannot_be_written_to_is_a_problem_and_no_exception(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writer = RecordingWriter(tmp_path / "file" / "shop.ndjson", as_it_is)
    assert writer.add(recorded())
    writer.close()
    assert writer.problem
    assert (writer.written, writer.dropped) == (0, {"buffer": 1})


def test_what_is_longer_than_a_reader_reads_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler.recording.writer.LONGEST", 500)
    writer = RecordingWriter(tmp_path / "shop.ndjson", as_it_is)
    assert not writer.add(recorded(body=b"x" * 500))
    assert writer.dropped == {"too-long": 1}


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_what_it_flushed(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, itertools\n"
        "from strangler.recording import RecordingWriter, Rotation\n"
        "from tests.strangler.recording.things import recorded\n"
        f"writer = RecordingWriter(pathlib.Path({str(tmp_path)!r}) / 'shop.ndjson', lambda pair: pair,\n"
        "    rotation=Rotation(packed=True))\n"
        "for number in itertools.count(): writer.add(recorded(f'/{number}')); writer.flush()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    path = tmp_path / "shop.ndjson"
    until(lambda: path.exists() and path.stat().st_size > 5000)
    process.send_signal(signal.SIGKILL)
    process.wait()
    recording = open_recording(path)
    assert recording.count > 20
    assert [each.request.target for each in recording] == [f"/{number}" for number in range(recording.count)]
