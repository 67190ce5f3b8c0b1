"""serve aside, the operating commands against a control plane in a thread."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main
from strangler_proxy.cli.flip import parsed_override
from strangler_proxy.cli.history import told_entry
from strangler_proxy.cli.serve import is_compiled, start_block, start_document, told_monolith
from strangler_proxy.cli.status import is_well, print_tables, told_age, told_state
from strangler_proxy.cli.told import told_outcome
from strangler_proxy.config import Address, Upstream
from strangler_proxy.state import StateDir
from strangler_proxy.supervisor import Started
from strangler_proxy.words import stage_of

from strangler import __version__
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Change, Toggle
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
[control]
listen = "127.0.0.1:{port}"
[upstreams.monolith]
url = "http://127.0.0.1:1"
[upstreams.catalog]
url = "http://127.0.0.1:2"
"""


@pytest.fixture
def store() -> MemoryToggleStore:
    return MemoryToggleStore()


@pytest.fixture
def folder(tmp_path: Path, store: MemoryToggleStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose configuration names a control plane that answers; it has two workers that are never there."""
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with serving(plane(tmp_path, store)) as client:
        (tmp_path / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        yield tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def flip(*words: str) -> Result:
    return run("flip", *words, "--why", "because", "--wait", "0")


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


def toggle(stage: str, share: int = 0, **overrides: str) -> dict[str, Any]:
    return {"stage": stage, "share": share, "overrides": overrides}


def test_a_stage_is_told_with_its_share_and_its_overrides() -> None:
    assert stage_of(toggle("extracted")) == "extracted"
    assert stage_of(toggle("canary", 12_500)) == "canary 12.5%"
    assert stage_of(toggle("canary", 0, ana="candidate")) == "canary 0% + 1 by hand"


def test_a_single_move_is_told_in_one_line() -> None:
    outcome = {
        "revision": 14,
        "moved": [{"name": "catalog.product-list", "from": toggle("canary", 10_000), "to": toggle("extracted")}],
        "acknowledged": ["0", "1"],
        "missing": [],
        "seconds": 0.0081,
    }
    assert told_outcome(outcome) == (
        "catalog.product-list: canary 10% -> extracted, live on 2/2 workers in 8 ms, revision 14"
    )


def test_a_toggle_without_a_route_is_said_to_move_nobody(folder: Path, store: MemoryToggleStore) -> None:
    snapshot = store.load()
    store.commit(Change([Toggle("catalog.gone")], "ada", "x", snapshot.at), expected_revision=snapshot.revision)
    while (moved := flip("catalog.gone", "canary", "--share", "1%", "--force")).exit_code == 2:
        time.sleep(0.05)  # until the control plane has looked into its store again
    assert "No route or seam of the running proxy is named catalog.gone: that moves nobody." in moved.stdout
    assert "moves nobody" not in flip("catalog.list", "canary", "--share", "1%", "--force").stdout


def test_a_seam_that_moved_is_not_said_to_be_live_in_the_monolith() -> None:
    outcome = {
        "revision": 2,
        "moved": [{"name": "billing.rates", "from": toggle("monolith"), "to": {**toggle("shadow"), "kind": "seam"}}],
        "acknowledged": ["0"],
        "missing": [],
        "seconds": 0.001,
    }
    assert told_outcome(outcome).splitlines()[1].startswith("A seam lives in the monolith's processes")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, "never moved"), (0.2, "0 s ago"), (61, "1 min ago"), (7300, "2 h ago"), (10**6, "11 d ago")],
)
def test_an_age_is_told_in_one_unit(seconds: float | None, told: str) -> None:
    assert told_age(seconds) == told


def test_all_is_well_only_if_store_disk_and_every_worker_are() -> None:
    well = {"store": {"ok": True}, "disk": {"ok": True}, "workers": [{"live": True}]}
    assert is_well(well)
    for key, bad in (("store", {"ok": False}), ("disk", {"ok": False}), ("workers", [{"live": False}])):
        assert not is_well({**well, key: bad})


def test_a_worker_ahead_of_the_store_is_told() -> None:
    state = {
        "revision": 3,
        "age_seconds": 1,
        "live": "0/1",
        "store": {"ok": True, "error": None},
        "disk": {"ok": True, "error": None},
        "workers": [{"slot": 0, "pid": 7, "revision": 9, "live": False}],
        "notes": ["catalog.list keeps its salt"],
    }
    lines = list(told_state(state))
    assert "decides by revision 9, newer than the one in force" in lines[1]
    assert lines[2] == "note: catalog.list keeps its salt"


def test_upstreams_in_trouble_and_a_refused_reload_are_told_and_all_is_well_none_the_less() -> None:
    state = {
        "revision": 3,
        "age_seconds": 1,
        "live": "0/0",
        "store": {"ok": True, "error": None},
        "disk": {"ok": True, "error": None},
        "workers": [],
        "upstreams": [{"name": "catalog", "troubles": ["127.0.0.1:2 gets no requests", "the breaker is open"]}],
        "reload": {"ok": False, "at": datetime(2026, 11, 20, 17, 5, 9).astimezone().isoformat(), "message": "why"},
        "notes": [],
    }
    assert list(told_state(state))[1:] == [
        "upstream catalog: 127.0.0.1:2 gets no requests",
        "upstream catalog: the breaker is open",
        "reload refused at 2026-11-20 17:05:09, what was in force still is:",
        "why",
    ]
    assert is_well(state)


def test_a_comparer_that_hangs_and_a_lost_store_of_evidence_are_told_and_all_is_well_none_the_less(
    capsys: pytest.CaptureFixture[str],
) -> None:
    comparer = {"number": 0, "pid": 12, "live": True, "backlog": 3, "links": 2}
    state = {
        "revision": 3,
        "age_seconds": 1,
        "live": "0/0",
        "store": {"ok": True, "error": None},
        "disk": {"ok": True, "error": None},
        "evidence": {"ok": False, "error": "The disk is full."},
        "workers": [],
        "comparers": [comparer, {**comparer, "number": 1, "pid": None, "live": False}],
        "notes": [],
        "toggles": [],
        "traffic": [],
    }
    assert list(told_state(state))[1:] == [
        "evidence: The disk is full. It waits in memory; toggles go on.",
        "comparer 1: is not there, or hangs; unequal pairs are dropped",
    ]
    assert is_well(state)
    print_tables(state)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[-2:] == [["0", "12", "live", "3", "2"], ["1", "-", "NOT", "LIVE", "3", "2"]]


def test_status_has_a_table_of_upstreams(capsys: pytest.CaptureFixture[str]) -> None:
    place = {"address": "127.0.0.1:2", "well": 1}
    told = {"name": "catalog", "addresses": [place, {**place, "well": 2}], "breaker": {"open": 1, "closed": 1}}
    silent = {"name": "quiet", "addresses": [], "breaker": {}, "workers": 0, "failures": {}}
    upstreams = [{**told, "workers": 2, "failures": {"refused": 5, "reset": 1}}, silent]
    print_tables({"toggles": [], "workers": [], "upstreams": upstreams, "traffic": []})
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows[-2:]] == [
        ["catalog", "1/2 well", "closed 1/2, open 1/2", "refused 5, reset 1"],
        ["quiet", "-", "-", "-"],
    ]


def test_an_entry_of_the_audit_tells_what_was_new() -> None:
    entry = {
        "revision": 1,
        "at": "2026-03-01T12:00:00+00:00",
        "who": "strangler",
        "why": "declared",
        "name": "catalog.list",
        "from": None,
        "to": toggle("monolith"),
        "forced": False,
    }
    first, second = told_entry(entry).splitlines()
    assert first.endswith("catalog.list: new -> monolith")
    assert second.strip() == "strangler: declared"


def test_a_module_that_is_compiled_is_told_from_one_that_is_not() -> None:
    assert is_compiled("uvloop.loop")
    assert not is_compiled("socket")
    assert not is_compiled("strangler_proxy.not_there")


def test_the_start_block_names_the_tokens_file(tmp_path: Path) -> None:
    started = Started(
        Address("127.0.0.1", 8080), Address("127.0.0.1", 8081), StateDir(tmp_path), 1, None, tmp_path / "control.token"
    )
    block = start_block(started, Path("strangler.toml"), "http://127.0.0.1:8000")
    assert "http://127.0.0.1:8080  (1 worker)" in block
    assert os.fspath(tmp_path / "control.token") in block
    assert "everything is answered by the monolith" in block
    assert "room       http://127.0.0.1:8081/room/" in block
    assert f"program    {__version__}, plain Python" in block
    assert start_document(started, Path("strangler.toml"), "http://127.0.0.1:8000") == {
        "listen": "http://127.0.0.1:8080",
        "workers": 1,
        "monolith": "http://127.0.0.1:8000",
        "control": "http://127.0.0.1:8081",
        "room": "http://127.0.0.1:8081/room/",
        "config": "strangler.toml",
        "state": os.fspath(tmp_path),
        "token_file": os.fspath(tmp_path / "control.token"),
        "revision": None,
        "version": __version__,
        "compiled": False,
    }
