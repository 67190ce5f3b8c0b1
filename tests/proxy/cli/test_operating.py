"""serve aside, the operating commands against a control plane in a thread."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from strangler_proxy.cli.flip import parsed_override
from strangler_proxy.cli.serve import told_monolith
from strangler_proxy.config import Address, Upstream
from strangler_proxy.state import StateDir

from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Change, Toggle
from tests.proxy.cli.operated import CONFIG, flip, folder, run, store

__all__ = ["folder", "store"]


@pytest.mark.usefixtures("folder")
def test_a_flip_moves_several_names_under_one_revision() -> None:
    lines = flip("catalog.list", "catalog.detail", "canary", "--share", "10%", "--force").stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["catalog.detail", "catalog.list"]
    assert lines[2].startswith("2 moved, live on 0/2 workers")
    assert run("flip", "canary", "--why", "x").exit_code == 2


@pytest.mark.usefixtures("folder")
def test_a_flip_that_a_worker_has_not_acknowledged_is_inconclusive() -> None:
    ended = flip("catalog.list", "canary", "--share", "10%", "--force")
    assert ended.exit_code == 3
    first, second = ended.stdout.splitlines()
    assert first.startswith("catalog.list: monolith -> canary 10%, live on 0/2 workers in ")
    assert first.endswith(" ms, revision 2")
    assert "Not acknowledged in time by worker 0, 1" in second


@pytest.mark.usefixtures("folder")
def test_a_dry_run_moves_nothing_and_ends_as_the_move_would() -> None:
    ended = flip("catalog.list", "shadow", "--dry-run")
    lines = ["catalog.list: monolith -> shadow", "1 would move, nothing did"]
    assert (ended.exit_code, ended.stdout.splitlines()) == (0, lines)
    assert flip("catalog.list", "monolith", "--dry-run").stdout == "Nothing to change: it stands so already\n"
    refused = flip("catalog.list", "extracted", "--dry-run")
    assert (refused.exit_code, "would skip" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("folder")
def test_a_glob_moves_all_under_one_revision() -> None:
    lines = flip("catalog.[dl]*", "canary", "--share", "10%", "--force").stdout.splitlines()
    assert lines[0] == "catalog.detail: monolith -> canary 10%"
    assert lines[2].startswith("2 moved, live on 0/2 workers")


@pytest.mark.usefixtures("folder")
def test_where_nothing_changes_it_says_so() -> None:
    assert flip("catalog.list", "monolith").stdout.startswith("Nothing to change: it stands so already")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("orders", "extracted"), 2, "No toggle matches"),
        (("catalog.lst", "extracted"), 2, "Did you mean 'catalog.list'?"),
        (("catalog.list", "retired"), 2, "can be retired from `extracted` only"),
        (("catalog.list", "moon"), 2, "'STAGE': 'moon' is not one of"),
        (("catalog.list", "canary", "--share", "lots", "--force"), 2, "not a share"),
        (("catalog.list", "canary", "--override", "ana"), 2, "is not SUBJECT=candidate"),
        (("catalog.list", "monolith", "--expect-revision", "9"), 1, "somebody was first"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_is_refused(words: tuple[str, ...], code: int, said: str) -> None:
    ended = flip(*words)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert said in ended.stderr


@pytest.mark.usefixtures("folder")
def test_why_is_wanted_and_must_say_something() -> None:
    assert run("flip", "catalog.list", "monolith").exit_code == 2
    empty = run("back", "--all", "--why", " ")
    assert (empty.exit_code, "it is empty; say in a few words why" in empty.stderr) == (2, True)


@pytest.mark.usefixtures("folder")
def test_why_is_text_whatever_the_locale() -> None:
    flip("catalog.list", "canary", "--share", "1%", "--force")
    surrogates = "zurück".encode().decode("ascii", "surrogateescape")
    assert run("back", "catalog.list", "--why", surrogates, "--wait", "0").exit_code == 3
    assert "zurück" in run("history", "--limit", "1").stdout


@pytest.mark.usefixtures("folder")
def test_overrides_are_set_and_taken_away() -> None:
    canary = ("catalog.list", "canary", "--share", "0%", "--force", "--json")
    flip(*canary, "--override", "ana=candidate", "--override", "a=b=monolith")
    moved = json.loads(flip(*canary, "--override", "ana=none").stdout)["moved"][0]
    assert moved["to"]["overrides"] == {"a=b": "monolith"}


@pytest.mark.usefixtures("folder")
def test_back_wants_a_name_or_all_and_not_both() -> None:
    for words in ((), ("catalog.list", "--all")):
        ended = run("back", *words, "--why", "x")
        assert (ended.exit_code, "NAME, or --all" in ended.stderr) == (2, True)


@pytest.mark.usefixtures("folder")
def test_back_all_takes_everything_back() -> None:
    flip("catalog.*", "canary", "--share", "100%", "--force")
    ended = run("back", "--all", "--why", "fire", "--wait", "0", "--json")
    assert [each["to"]["stage"] for each in json.loads(ended.stdout)["moved"]] == ["monolith"] * 3


def test_a_store_that_does_not_answer_is_a_no(folder: Path, store: MemoryToggleStore) -> None:
    store.outage = "The store is on holiday."
    ended = flip("catalog.list", "canary", "--share", "1%", "--force")
    assert (ended.exit_code, "on holiday" in ended.stderr) == (1, True)
    status = run("status")
    assert (status.exit_code, "STORE NOT OK" in status.stdout) == (1, True)


@pytest.mark.usefixtures("folder")
def test_nothing_to_adopt_is_bad_input() -> None:
    ended = run("adopt", "snapshot", "--why", "x")
    assert (ended.exit_code, "nothing to adopt" in ended.stderr) == (2, True)


@pytest.mark.usefixtures("folder")
def test_status_tells_what_is_not_live() -> None:
    ended = run("status")
    assert ended.exit_code == 1
    assert "live on 0/2 workers, store ok" in ended.stdout
    assert "worker 1: is not linked" in ended.stdout
    assert json.loads(run("status", "--json").stdout)["live"] == "0/2"


def test_history_shows_who_and_why_and_no_escape_that_got_into_the_store(
    folder: Path, store: MemoryToggleStore
) -> None:
    flip("catalog.list", "canary", "--share", "5%", "--force")
    snapshot = store.load()
    evil = Change([Toggle("catalog.list")], "eve\x1b[2J", "\x1b]0;owned\x07", snapshot.at)
    store.commit(evil, expected_revision=snapshot.revision)
    ended = run("history", "catalog.l*")
    assert "monolith -> canary 5%  FORCED" in ended.stdout
    assert "because" in ended.stdout
    assert "\x1b" not in ended.stdout
    assert "eve\\x1b[2J: \\x1b]0;owned\\x07" in ended.stdout
    assert len(json.loads(run("history", "--limit", "2", "--json").stdout)["entries"]) == 2
    assert "Nothing has moved orders yet" in run("history", "orders").stdout


def test_without_a_proxy_there_is_nobody_to_reach(folder: Path) -> None:
    (folder / "strangler.toml").write_text(CONFIG.format(port=0))
    ended = run("status")
    assert (ended.exit_code, "strangler serve" in ended.stderr) == (4, True)


def test_a_wrong_token_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRANGLER_TOKEN", "wrong" * 8)
    ended = run("back", "--all", "--why", "x", "--json")
    assert ended.exit_code == 2
    assert json.loads(ended.stdout)["error"]["code"] == "unauthorized"
    assert "does not take this token: STRANGLER_TOKEN" in ended.stderr


def test_where_no_proxy_was_ever_started_there_is_nobody_to_reach(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRANGLER_TOKEN")
    ended = run("status")
    assert (ended.exit_code, "No proxy has been started here yet" in ended.stderr) == (4, True)


def test_what_was_edited_since_the_start_is_said_to_count_from_the_next(folder: Path) -> None:
    file = folder / "strangler.toml"
    (folder / ".strangler" / "accepted.toml").write_text(file.read_text())
    for words in (("status",), ("routes",), ("back", "catalog.new", "--why", "x")):
        assert "was edited" not in run(*words).stderr
    file.write_text(file.read_text() + "# a new thought\n")
    for words in (("status",), ("routes",), ("back", "catalog.new", "--why", "x")):
        assert "strangler.toml was edited since the proxy took it up" in run(*words).stderr
    assert "was edited" not in run("back", "catalog.list", "--why", "x", "--wait", "0").stderr


def test_the_start_says_when_nobody_listens_where_the_monolith_should() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = Address("127.0.0.1", listening.getsockname()[1])
        monolith = Upstream("monolith", address)
        assert told_monolith(monolith) == f"http://{address}"
        both = Upstream("monolith", Address("127.0.0.1", 1), others=(address,))
        assert told_monolith(both) == f"http://127.0.0.1:1, http://{address}"
    assert told_monolith(monolith) == f"http://{address}  (does not answer yet: Connection refused)"


def test_serve_refuses_a_token_that_is_no_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRANGLER_TOKEN", "short")
    ended = run("serve")
    assert (ended.exit_code, "STRANGLER_TOKEN is no usable secret" in ended.stderr) == (2, True)


def test_serve_refuses_a_configuration_that_is_wrong(folder: Path) -> None:
    (folder / "strangler.toml").write_text("[proxy]\nworkers = 0\n")
    ended = run("serve")
    assert (ended.exit_code, "workers" in ended.stderr) == (2, True)


def test_a_broken_configuration_does_not_lock_the_way_back(folder: Path) -> None:
    text = (folder / "strangler.toml").read_text()
    (folder / "strangler.toml").write_text("broken")
    assert run("status").exit_code == 2
    (folder / ".strangler" / "accepted.toml").write_text(text)
    ended = run("status")
    assert (ended.exit_code, "is wrong as it stands" in ended.stderr) == (1, True)


@pytest.mark.parametrize("wrong", ["[[routes]]\nname = ", '[notify]\nwebhook = "${NOT_SET_HERE}"\n'])
def test_the_kill_switch_needs_no_more_of_the_file_than_where_the_control_plane_is(folder: Path, wrong: str) -> None:
    with (folder / "strangler.toml").open("a") as file:
        file.write(wrong)
    assert run("check").exit_code == 2
    moved = flip("catalog.list", "canary", "--share", "10%", "--force")
    assert (moved.exit_code, "catalog.list: monolith -> canary 10%" in moved.stdout) == (3, True), moved.output
    assert "where the control plane is can be read all the same" in moved.stderr
    assert "There is no rollout." in run("rollout", "list").stdout
    back = run("back", "--all", "--why", "x", "--wait", "0")
    assert "catalog.list: canary 10% -> monolith" in back.stdout, back.output


def test_where_the_file_tells_nothing_the_control_plane_is_named_by_hand(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = (folder / "strangler.toml").read_text().split("127.0.0.1:")[2].split('"')[0]
    (folder / "strangler.toml").write_text("broken")
    refused = run("back", "--all", "--why", "x", "--wait", "0")
    assert refused.exit_code == 2
    assert "strangler --control http://HOST:PORT" in refused.stderr
    assert "STRANGLER_TOKEN" in refused.stderr
    url = f"http://127.0.0.1:{port}"
    assert "Nothing to change" in run("--control", url, "back", "--all", "--why", "x", "--wait", "0").stdout
    monkeypatch.setenv("STRANGLER_CONTROL_URL", url)
    assert "Nothing to change" in run("back", "--all", "--why", "x", "--wait", "0").stdout
    (folder / "strangler.toml").unlink()
    assert "Nothing to change" in run("back", "--all", "--why", "x", "--wait", "0").stdout


def test_the_token_of_this_machines_proxy_is_sent_to_this_machine_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRANGLER_TOKEN")
    token = folder / ".strangler" / "control.token"
    token.touch(0o600)
    token.write_text("a-token-that-nobody-guesses")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    assert run("--control", f"http://127.0.0.1:{port}", "back", "--all", "--why", "x").exit_code == 4
    for url in ("http://203.0.113.7:8081", "https://control.example"):
        refused = run("--control", url, "back", "--all", "--why", "x")
        assert (refused.exit_code, "Set STRANGLER_TOKEN" in refused.stderr) == (2, True)
    for url in ("ftp://127.0.0.1", "http://", "127.0.0.1:8081", "http://ana:hush@127.0.0.1", "http://127.0.0.1:x"):
        refused = run("--control", url, "back", "--all", "--why", "x")
        assert (refused.exit_code, "is not the address of a control plane" in refused.stderr) == (2, True)
        assert "hush" not in refused.output


def test_the_port_that_the_system_chose_is_found(folder: Path) -> None:
    port = (folder / "strangler.toml").read_text().split("127.0.0.1:")[2].split('"')[0]
    (folder / "strangler.toml").write_text(CONFIG.format(port=0))
    StateDir(folder / ".strangler").write_addresses({"control": f"127.0.0.1:{port}"})
    assert "revision 1" in run("status").stdout


def test_addresses_that_cannot_be_read_are_none(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    assert state.read_addresses() == {}
    for text in ("{", "[]", "null"):
        state.addresses.write_text(text)
        assert state.read_addresses() == {}


@pytest.mark.parametrize("text", ["ana", "=candidate", "ana=", "ana=mars", ""])
def test_an_override_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not SUBJECT"):
        parsed_override(text)
