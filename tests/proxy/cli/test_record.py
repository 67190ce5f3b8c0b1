"""`strangler record` against a control plane in a thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main
from strangler_proxy.cli.amounts import duration, share, size
from strangler_proxy.cli.record_told import size as told_size
from strangler_proxy.control import ControlPlane

from strangler.recording import open_recording
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving
from tests.proxy.recording.exchanges import passed
from tests.proxy.recording.writing import Crew

CONFIG = """
[control]
listen = "127.0.0.1:{port}"
[upstreams.monolith]
url = "http://127.0.0.1:1"
[upstreams.catalog]
url = "http://127.0.0.1:2"
[[routes]]
name = "catalog.list"
path = "/catalog.list/<int:id>/"
candidate = "catalog"
"""
_PARAMETER = click.Option(["--given"])
_CONTEXT = click.Context(main)


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=1)


@pytest.fixture
def crew(tmp_path: Path, control: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    """The folder's proxy: a control plane, a worker that only takes orders, and whoever writes."""
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with serving(control) as client, Crew(tmp_path, workers=1) as crew:
        (tmp_path / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        yield crew


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["record", *words])


@pytest.fixture
def running() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_a_recording_is_followed_to_its_end_and_told_of(
    crew: Crew, tmp_path: Path, running: ThreadPoolExecutor
) -> None:
    recording: Future[Result] = running.submit(run, "visits.ndjson", "--requests", "2", "--route", "catalog.*")
    order = crew.order
    assert (order.path, order.routes, order.requests) == (tmp_path / "visits.ndjson", ("catalog.*",), 2)
    for _ in range(2):
        crew.put(passed(order=order.id))
    result = recording.result(60)
    assert result.exit_code == 0
    assert f"Recorded to {tmp_path / 'visits.ndjson'}: 2 requests, " in result.stdout
    assert "none dropped" in result.stdout
    assert "there were enough requests" in result.stdout
    assert "recording to" in result.stderr
    assert open_recording(tmp_path / "visits.ndjson").count == 2


def test_every_option_comes_to_the_order(crew: Crew, running: ThreadPoolExecutor) -> None:
    drawn = ("--sample", "12.5%", "--for", "2h", "--no-bodies", "--why", "test")
    rotated = ("--rotate-size", "1MiB", "--rotate-age", "30m", "--gzip")
    recording = running.submit(run, "visits.ndjson.gz", *drawn, *rotated)
    order = crew.order
    assert (order.sample, order.bodies, order.requests) == (0.125, False, 0)
    assert 7190 < order.seconds <= 7200
    assert (order.rotation.bytes, order.rotation.seconds, order.rotation.packed) == (2**20, 1800.0, True)
    shown = run("--status").stdout
    assert "everything, 12.5 % of clients, without bodies" in shown
    assert ": test" in shown
    assert "Recorded to" in run("--stop").stdout
    assert recording.result(60).exit_code == 3


def test_a_recording_without_a_request_ends_with_three(crew: Crew) -> None:
    result = run("visits.ndjson", "--for", "1s")
    assert result.exit_code == 3
    assert "0 requests" in result.stdout
    assert "its time was over" in result.stdout


def test_what_was_dropped_is_told_by_cause(crew: Crew, running: ThreadPoolExecutor) -> None:
    recording = running.submit(run, "visits.ndjson", "--requests", "1", "--json")
    order = crew.order
    name = "strangler_recording_dropped_total"
    crew.counters[0] = [[name, ["bytes"], 2], [name, ["sample"], 5]]
    crew.put(passed(order=order.id))
    result = recording.result(60)
    told = json.loads(result.stdout)["recording"]
    assert (told["written"], told["dropped"], told["sampled_out"]) == (1, {"bytes": 2}, 5)
    assert "5 sampled out, 2 dropped (bytes 2)" in run("--status").stdout
    assert result.exit_code == 0


def test_ctrl_c_ends_it(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("strangler_proxy.cli.record.time.sleep", interrupted)
    result = run("visits.ndjson")
    assert "it was stopped" in result.stdout
    assert result.exit_code == 3
    assert crew.orders[0][-1] is None


def test_one_that_runs_already_is_named(crew: Crew, running: ThreadPoolExecutor) -> None:
    first = running.submit(run, "one.ndjson")
    assert crew.order.id
    second = run("two.ndjson")
    assert second.exit_code == 2
    assert "being recorded already" in second.stderr
    assert "strangler record --stop" in second.stderr
    assert "recording to" in CliRunner().invoke(main, ["status"]).stdout
    run("--stop")
    first.result(60)


def test_where_nothing_runs_stop_says_so_and_status_too(crew: Crew) -> None:
    stopped = run("--stop")
    assert (stopped.exit_code, stopped.stdout) == (3, "Nothing is being recorded.\n")
    shown = run("--status")
    assert shown.exit_code == 0
    assert "Nothing is being recorded" in shown.stdout
    assert json.loads(run("--status", "--json").stdout) == {"recording": None}


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("visits.ndjson", "--stop"),
        ("--stop", "--status"),
        ("stop",),
        ("status",),
        ("visits.ndjson", "--sample", "0%"),
        ("visits.ndjson", "--sample", "half"),
        ("visits.ndjson", "--for", "25h"),
        ("visits.ndjson", "--for", "soon"),
        ("visits.ndjson", "--rotate-size", "1"),
        ("visits.ndjson", "--requests", "0"),
        ("visits.ndjson", "--route", "nobody"),
        ("visits.ndjson", "--why", " "),
        ("none/visits.ndjson",),
        ("strangler.toml", "--force"),
    ],
)
@pytest.mark.usefixtures("crew")
def test_bad_input_ends_with_two_and_one_clear_error(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_proxy_it_ends_with_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strangler.toml").write_text(CONFIG.format(port=3))
    result = run("visits.ndjson")
    assert result.exit_code == 4, result.output


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("10 min", 600), ("2H", 7200), ("1d", 86400)]
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert duration(_CONTEXT, _PARAMETER, text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0.5s", "2d", "-1s", "1w", "s", "1e3", "nan"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no time from a second to a day"):
        duration(_CONTEXT, _PARAMETER, text)


@pytest.mark.parametrize(
    ("text", "read"), [("1024", 1024), ("1KiB", 1024), ("1.5 mib", 1572864), ("2MB", 2_000_000), ("1GiB", 2**30)]
)
def test_a_size_is_read(text: str, read: int) -> None:
    assert size(_CONTEXT, _PARAMETER, text) == read


@pytest.mark.parametrize("text", ["", "0", "1023", "1TiB", "MiB", "-1MiB", "9" * 20])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no size from 1KiB up"):
        size(_CONTEXT, _PARAMETER, text)


@pytest.mark.parametrize(
    ("text", "read"), [("10%", "10.000%"), ("0.1", "10.000%"), ("1", "100.000%"), ("0.5%", "0.500%")]
)
def test_a_share_is_read(text: str, read: str) -> None:
    assert share(_CONTEXT, _PARAMETER, text) == read


@pytest.mark.parametrize("text", ["", "0", "0.0001%", "101%", "1.1", "half", "nan", "-5%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no share above 0%"):
        share(_CONTEXT, _PARAMETER, text)


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (2**31, "2.0 GiB")]
)
def test_a_size_is_told_in_one_unit(number: int, told: str) -> None:
    assert told_size(number) == told
