from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from strangler.errors import ConfigError, ControlRefused, ControlUnreachable, SnapshotError
from strangler.toggles import Kind, Side, Snapshot, Stage, Toggle, Toggles, read_snapshot, write_snapshot
from tests.strangler.toggles.control import Control
from tests.waiting import until

NAME = "catalog.facts"


def at(stage: Stage, revision: int) -> Snapshot:
    return Snapshot(revision, {NAME: Toggle(NAME, Kind.SEAM, stage, revision=revision)})


def followers_beside(before: set[threading.Thread]) -> int:
    """How many threads have begun to follow toggles since `before`, and still do."""
    return sum(thread.name == "strangler-toggles" for thread in set(threading.enumerate()) - before)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strangler.toggles.client._LOOK_EVERY", 0.02)


@pytest.fixture
def control() -> Iterator[Control]:
    server = Control(at(Stage.SHADOW, 3))
    yield server
    server.stop()


@pytest.fixture
def make() -> Iterator[Callable[..., Toggles]]:
    made: list[Toggles] = []

    def new(**settings: object) -> Toggles:
        made.append(Toggles(**settings))  # type: ignore[arg-type]
        return made[-1]

    yield new
    for each in made:
        each.close()


def test_without_a_source_everything_stands_at_monolith(make: Callable[..., Toggles]) -> None:
    toggles = make()
    assert toggles.toggle(NAME) is None
    assert toggles.stage(NAME) is Stage.MONOLITH
    assert toggles.side(NAME, "me") is Side.MONOLITH
    assert (toggles.age, toggles.stale, toggles.source) == (0.0, False, "default")
    assert toggles.wait(0)


def test_a_given_snapshot_decides_where_there_is_nothing_else(make: Callable[..., Toggles]) -> None:
    toggles = make(default=at(Stage.EXTRACTED, 1))
    assert toggles.stage(NAME) is Stage.EXTRACTED
    assert toggles.side(NAME) is Side.CANDIDATE


def test_nothing_is_read_or_started_before_the_first_question(make: Callable[..., Toggles], tmp_path: Path) -> None:
    before = set(threading.enumerate())
    toggles = make(snapshot=tmp_path / "toggles.json")
    write_snapshot(tmp_path / "toggles.json", at(Stage.SHADOW, 1))
    assert followers_beside(before) == 0
    assert toggles.stage(NAME) is Stage.SHADOW


def test_a_file_is_followed(make: Callable[..., Toggles], tmp_path: Path) -> None:
    path = tmp_path / "toggles.json"
    write_snapshot(path, at(Stage.SHADOW, 1))
    toggles = make(snapshot=path)
    assert toggles.stage(NAME) is Stage.SHADOW
    write_snapshot(path, at(Stage.EXTRACTED, 2))
    until(lambda: toggles.stage(NAME) is Stage.EXTRACTED)
    write_snapshot(path, at(Stage.MONOLITH, 1))
    until(lambda: toggles.snapshot.revision == 1)
    assert toggles.source == str(path)


def test_a_file_that_comes_later_is_found(make: Callable[..., Toggles], tmp_path: Path) -> None:
    path = tmp_path / "toggles.json"
    toggles = make(snapshot=path, on_error=lambda error: None)
    assert toggles.stage(NAME) is Stage.MONOLITH
    assert math.isinf(toggles.age)
    assert toggles.stale
    write_snapshot(path, at(Stage.SHADOW, 1))
    until(lambda: toggles.stage(NAME) is Stage.SHADOW)
    assert not toggles.stale


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"format": 9}'])
def test_a_file_that_goes_bad_changes_nothing(make: Callable[..., Toggles], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "toggles.json"
    errors: list[Exception] = []
    write_snapshot(path, at(Stage.EXTRACTED, 1))
    toggles = make(snapshot=path, on_error=errors.append)
    assert toggles.stage(NAME) is Stage.EXTRACTED
    path.write_bytes(content)
    until(lambda: errors)
    assert isinstance(errors[0], SnapshotError)
    assert toggles.stage(NAME) is Stage.EXTRACTED
    path.unlink()
    until(lambda: any("no snapshot is there" in str(error) for error in errors))
    assert toggles.stage(NAME) is Stage.EXTRACTED


def test_the_control_plane_is_followed(make: Callable[..., Toggles], control: Control) -> None:
    toggles = make(control_url=control.url, token="secret")
    toggles.toggle(NAME)
    assert toggles.wait(10)
    assert toggles.stage(NAME) is Stage.SHADOW
    assert toggles.age < 10
    assert not toggles.stale
    control.put(at(Stage.EXTRACTED, 4))
    until(lambda: toggles.stage(NAME) is Stage.EXTRACTED)
    control.put(at(Stage.MONOLITH, 2))
    until(lambda: toggles.stage(NAME) is Stage.MONOLITH)
    assert control.asked[:2] == ["/api/v1/snapshot", "/api/v1/snapshot?wait=25&revision=3"]


def test_an_address_may_have_a_path(make: Callable[..., Toggles], control: Control) -> None:
    toggles = make(control_url=f"{control.url}/control/", token="secret")
    assert toggles.wait(10)
    assert control.asked[0] == "/control/api/v1/snapshot"


def test_a_control_plane_that_holds_nothing_back_is_not_asked_in_a_tight_circle(make: Callable[..., Toggles]) -> None:
    control = Control(at(Stage.SHADOW, 3), impatient=True)
    try:
        toggles = make(control_url=control.url, token="secret")
        assert toggles.wait(10)
        began = monotonic()
        until(lambda: len(control.asked) >= 4)
        assert monotonic() - began > 0.2
    finally:
        control.stop()


def test_the_first_question_does_not_wait_for_the_control_plane(make: Callable[..., Toggles], tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = tmp_path / "toggles.json"
        write_snapshot(path, at(Stage.SHADOW, 1))
        toggles = make(control_url=f"http://127.0.0.1:{silent.getsockname()[1]}", snapshot=path)
        assert toggles.stage(NAME) is Stage.SHADOW
        assert math.isinf(toggles.age)
        assert not toggles.wait(0.01)
        toggles.close()


def test_a_lost_control_plane_changes_nothing_and_is_found_again(
    make: Callable[..., Toggles], control: Control
) -> None:
    errors: list[Exception] = []
    toggles = make(control_url=control.url, token="secret", on_error=errors.append)
    assert toggles.wait(10)
    control.stop()
    until(lambda: any(isinstance(error, ControlUnreachable) for error in errors))
    assert toggles.stage(NAME) is Stage.SHADOW
    again = Control(at(Stage.EXTRACTED, 4), port=control.port)
    try:
        until(lambda: toggles.stage(NAME) is Stage.EXTRACTED)
    finally:
        again.stop()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (500, ControlRefused),
        (302, ControlRefused),
        (b"", SnapshotError),
        (b"<html>", SnapshotError),
        (b"null", SnapshotError),
        (b"[" * 100_000, SnapshotError),
        (b'{"format": 1}', SnapshotError),
    ],
)
def test_a_control_plane_that_answers_nonsense_changes_nothing(
    make: Callable[..., Toggles], control: Control, fault: int | bytes, kind: type[Exception]
) -> None:
    errors: list[Exception] = []
    control.fault = fault
    toggles = make(control_url=control.url, token="secret", default=at(Stage.CANARY, 1), on_error=errors.append)
    toggles.toggle(NAME)
    until(lambda: errors)
    assert isinstance(errors[0], kind)
    assert toggles.stage(NAME) is Stage.CANARY
    control.fault = None
    until(lambda: toggles.stage(NAME) is Stage.SHADOW)


def test_a_wrong_token_is_said_once_in_the_log_without_the_token(
    make: Callable[..., Toggles], control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "strangler.toggles"):
        toggles = make(control_url=control.url, token="wrong-token")
        toggles.toggle(NAME)
        until(lambda: len(control.asked) >= 3)
    assert [record.getMessage().count("401") for record in caplog.records] == [1]
    assert "STRANGLER_TOKEN" in caplog.text
    assert "wrong-token" not in caplog.text


def test_a_token_file_is_read_anew_for_each_connection(
    make: Callable[..., Toggles], control: Control, tmp_path: Path
) -> None:
    token = tmp_path / "control.token"
    errors: list[Exception] = []
    toggles = make(control_url=control.url, token_file=token, on_error=errors.append)
    toggles.toggle(NAME)
    until(lambda: errors)
    assert "control.token" in str(errors[0])
    token.write_text("secret\n", encoding="utf-8")
    assert toggles.wait(10)


@pytest.mark.parametrize("token", ["very\nsecret", "verysecr\u00e9t"])
def test_a_token_that_no_header_can_carry_is_said_without_the_token(
    make: Callable[..., Toggles], control: Control, token: str
) -> None:
    errors: list[Exception] = []
    toggles = make(control_url=control.url, token=token, on_error=errors.append)
    toggles.toggle(NAME)
    until(lambda: errors)
    assert "very" not in str(errors[0])
    assert "one plain word" in str(errors[0])


def test_a_hook_that_fails_harms_nobody(make: Callable[..., Toggles], tmp_path: Path) -> None:
    def broken(error: Exception) -> None:
        raise ZeroDivisionError

    toggles = make(snapshot=tmp_path / "none.json", on_error=broken)
    assert toggles.stage(NAME) is Stage.MONOLITH


def test_the_cache_survives_a_restart_without_a_control_plane(
    make: Callable[..., Toggles], control: Control, tmp_path: Path
) -> None:
    cache = tmp_path / "own.json"
    toggles = make(control_url=control.url, token="secret", cache=cache)
    assert toggles.wait(10)
    until(lambda: cache.exists())
    control.stop()
    kept = read_snapshot(cache)
    assert kept is not None
    assert kept.revision == 3
    restarted = make(control_url=control.url, token="secret", cache=cache, on_error=lambda error: None)
    assert restarted.stage(NAME) is Stage.SHADOW
    assert restarted.stale


def test_a_cache_that_cannot_be_written_changes_nothing(
    make: Callable[..., Toggles], control: Control, tmp_path: Path
) -> None:
    errors: list[Exception] = []
    toggles = make(control_url=control.url, token="secret", cache=tmp_path / "no" / "own.json", on_error=errors.append)
    assert toggles.wait(10)
    assert toggles.stage(NAME) is Stage.SHADOW
    assert errors


def test_of_two_files_the_newer_revision_starts(make: Callable[..., Toggles], tmp_path: Path) -> None:
    write_snapshot(tmp_path / "theirs.json", at(Stage.CANARY, 5))
    write_snapshot(tmp_path / "own.json", at(Stage.SHADOW, 4))
    first = make(snapshot=tmp_path / "theirs.json", cache=tmp_path / "own.json")
    assert first.snapshot.revision == 5
    second = make(snapshot=tmp_path / "own.json", cache=tmp_path / "theirs.json")
    assert second.snapshot.revision == 5


def test_the_file_rules_while_the_control_plane_is_away(
    make: Callable[..., Toggles], control: Control, tmp_path: Path
) -> None:
    path = tmp_path / "toggles.json"
    write_snapshot(path, at(Stage.SHADOW, 3))
    toggles = make(control_url=control.url, token="secret", snapshot=path, on_error=lambda error: None)
    assert toggles.wait(10)
    control.stop()
    write_snapshot(path, at(Stage.MONOLITH, 4))
    until(lambda: toggles.stage(NAME) is Stage.MONOLITH)


def test_no_thread_to_be_had_is_told_and_tried_again(
    make: Callable[..., Toggles], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "toggles.json"
    write_snapshot(path, at(Stage.SHADOW, 1))
    errors: list[Exception] = []
    toggles = make(snapshot=path, on_error=errors.append)

    def none(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", none)
        assert toggles.stage(NAME) is Stage.SHADOW
        assert toggles.stage(NAME) is Stage.SHADOW
        assert [str(error) for error in errors] == ["can't start new thread"]
    monkeypatch.setattr("strangler.toggles.client._REARM_AFTER", 0.0)
    toggles._arm_at = 0.0
    write_snapshot(path, at(Stage.MONOLITH, 2))
    until(lambda: toggles.stage(NAME) is Stage.MONOLITH)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_follows_by_a_thread_of_its_own(make: Callable[..., Toggles], control: Control) -> None:
    toggles = make(control_url=control.url, token="secret")
    assert toggles.wait(10)
    child = os.fork()
    if child == 0:
        try:
            kept = toggles.stage(NAME) is Stage.SHADOW
            until(lambda: toggles.stage(NAME) is Stage.EXTRACTED)
            os._exit(0 if kept else 3)
        except BaseException:
            os._exit(4)
    until(lambda: control.asked.count("/api/v1/snapshot") == 2)
    control.put(at(Stage.EXTRACTED, 4))
    assert os.waitpid(child, 0)[1] == 0
    until(lambda: toggles.stage(NAME) is Stage.EXTRACTED)


def test_many_threads_may_ask_at_once_from_the_first_question_on(make: Callable[..., Toggles], tmp_path: Path) -> None:
    path = tmp_path / "toggles.json"
    write_snapshot(path, at(Stage.SHADOW, 1))
    toggles = make(snapshot=path)
    before = set(threading.enumerate())
    seen: list[Stage] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        seen.append(toggles.stage(NAME))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [Stage.SHADOW] * 8
    assert followers_beside(before) == 1


def test_close_ends_the_thread_even_while_it_waits(make: Callable[..., Toggles], control: Control) -> None:
    before = set(threading.enumerate())
    toggles = make(control_url=control.url, token="secret")
    assert toggles.wait(10)
    until(lambda: len(control.asked) == 2)
    assert followers_beside(before) == 1
    toggles.close()
    assert followers_beside(before) == 0
    assert toggles.stage(NAME) is Stage.SHADOW


@pytest.mark.parametrize("url", ["127.0.0.1:8081", "ftp://here", "http://", "http://here:port", "nonsense"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match="not the address of a control plane"):
        Toggles(control_url=url)


def test_a_password_in_the_address_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError, match="not the address of a control plane") as caught:
        Toggles(control_url="http://me:verysecret@127.0.0.1:8081")
    assert "verysecret" not in str(caught.value)


def test_the_environment_says_where_toggles_are(control: Control, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret", encoding="utf-8")
    for environ in (
        {"STRANGLER_CONTROL_URL": control.url, "STRANGLER_TOKEN": "secret"},
        {"STRANGLER_CONTROL_URL": control.url, "STRANGLER_TOKEN_FILE": str(token)},
    ):
        toggles = Toggles.from_env(environ)
        assert toggles.wait(10)
        assert toggles.stage(NAME) is Stage.SHADOW
        toggles.close()
    path = tmp_path / "toggles.json"
    write_snapshot(path, at(Stage.CANARY, 1))
    toggles = Toggles.from_env({"STRANGLER_SNAPSHOT": str(path)})
    assert toggles.stage(NAME) is Stage.CANARY
    toggles.close()


def test_an_empty_environment_is_inert() -> None:
    assert Toggles.from_env({}).stage(NAME) is Stage.MONOLITH
