"""`strangler gate` and `strangler approve` against a control plane in a thread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main
from strangler_proxy.control import ControlPlane

from strangler.compare import Verdict
from strangler.gates import Gates
from strangler.testing.toggle_store import MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.cli.test_shadow import CONFIG
from tests.proxy.control.fakes import agreed_now, plane
from tests.proxy.control.server import TOKEN, serving

ROUTE = "catalog.list"


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0, gates={Stage.SHADOW: Gates(approval="go")})


@pytest.fixture
def folder(tmp_path: Path, control: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with serving(control) as client:
        (tmp_path / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        yield tmp_path


pytestmark = pytest.mark.usefixtures("folder")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["gate", *words])


def said(*words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run(*words, "--json").stdout)
    return document


def test_without_data_it_ends_with_3_and_says_what_it_saw_and_wants() -> None:
    ended = run(ROUTE, "--agreement", "0.9")
    assert ended.exit_code == 3
    assert "There are no pairs; at least 90 % must surely agree." in ended.stdout


def test_it_ends_with_0_when_all_pass_and_with_1_when_one_fails(control: ControlPlane) -> None:
    agreed_now(control, 100)
    ended = run(ROUTE, "--agreement", "0.9")
    assert ended.exit_code == 0, ended.output
    agreed_now(control, 80, verdict=Verdict.DIFFER)
    ended = run(ROUTE, "--agreement", "0.9", "--since", "99999d")
    assert ended.exit_code == 1
    assert "FAIL" in ended.stdout
    assert said(ROUTE, "--agreement", "0.9", "--since", "99999d")["verdict"] == "fail"


def test_without_gates_those_of_the_configuration_are_judged(folder: Path) -> None:
    ended = run(ROUTE)
    assert ended.exit_code == 3
    assert "an approval of 'go' is wanted" in ended.stdout
    words = ("approve", ROUTE, "--as", "go", "--why", "looked at it")
    approved = CliRunner().invoke(main, words)
    assert approved.exit_code == 0, approved.output
    assert "Approved as 'go' by" in approved.stdout
    assert run(ROUTE).exit_code == 0
    assert json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)["approved"] == [ROUTE]


def test_a_file_and_options_go_together_and_an_option_wins(folder: Path) -> None:
    (folder / "gates.toml").write_text('agreement = 0.99\nrequests = 7\ntime = "100d"\n')
    gates = {
        each["gate"]: each["figures"]
        for each in said(ROUTE, "--gates", "gates.toml", "--requests", "9")["routes"][0]["gates"]
    }
    assert gates["requests"]["wanted"] == 9
    assert gates["agreement"]["wanted"] == 0.99
    (folder / "gates.toml").write_text('[gates]\nbreaker = "never open"\n')
    (row,) = said(ROUTE, "--gates", "gates.toml")["routes"]
    assert [each["gate"] for each in row["gates"]] == ["breaker"]


def test_commands_run_here_once_everything_else_passes(folder: Path) -> None:
    (folder / "gates.toml").write_text("command = ['touch ran', 'exit 3']\nrequests = 5\n")
    assert run(ROUTE, "--gates", "gates.toml").exit_code == 3
    assert not (folder / "ran").exists()
    (folder / "gates.toml").write_text("command = ['touch ran', 'exit 3']\n")
    ended = run(ROUTE, "--gates", "gates.toml")
    assert ended.exit_code == 1
    assert "`exit 3` ended with 3; 0 is wanted." in ended.stdout
    assert (folder / "ran").exists()
    (folder / "gates.toml").write_text("command = 'true'\n")
    assert run(ROUTE, "--gates", "gates.toml").exit_code == 0


def test_a_watch_ends_when_its_time_is_over() -> None:
    ended = run(ROUTE, "--requests", "5", "--watch", "--timeout", "0s")
    assert ended.exit_code == 3


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("agreement = 99.9\nrequests = 0\n", (), "gates.toml:1: agreement: is 99.9"),
        ("agreement = 99.9\nrequests = 0\n", (), "gates.toml:2: requests: is 0"),
        ("agreement = \n", (), "is not TOML"),
        ("", (), "Nothing is asked for"),
        ("requests = 5\n", ("--agreement", "1.5"), "the options: agreement: is 1.5"),
        ("requests = 5\n", ("--time", "long"), 'time: is "long", not a duration'),
        (None, (), "cannot be read"),
    ],
)
def test_wrong_gates_end_with_2_and_say_where(
    folder: Path, text: str | None, words: tuple[str, ...], told: str
) -> None:
    if text is not None:
        (folder / "gates.toml").write_text(text)
    ended = run(ROUTE, "--gates", "gates.toml", *words)
    assert ended.exit_code == 2
    assert told in ended.output


def test_an_unknown_name_ends_with_2() -> None:
    assert run("nobody.*", "--requests", "5").exit_code == 2
