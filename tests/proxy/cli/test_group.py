from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from strangler_proxy.__main__ import main as entry
from strangler_proxy.cli import main
from strangler_proxy.cli.failure import error_json, error_text, exit_code
from strangler_proxy.cli.group import COMMANDS

import strangler
from strangler.errors import (
    ConfigError,
    ControlRefused,
    ControlUnreachable,
    PlanError,
    PlanWaits,
    Problem,
    RevisionConflict,
    StranglerError,
    UnknownToggle,
)
from tests.proxy.cli.conftest import Run


@pytest.mark.parametrize("name", COMMANDS)
def test_every_registered_command_has_help(run: Run, name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.help
    assert run(name, "--help").exit_code == 0


def test_hidden_commands_are_not_listed_and_the_others_are(run: Run) -> None:
    text = run("--help").stdout
    assert all(f"  {name} " in text for name in ("init", "check", "routes", "explain", "flip", "back"))
    assert "  worker" not in text


def test_an_unknown_command_is_bad_input(run: Run) -> None:
    ended = run("chek")
    assert (ended.exit_code, "Did you mean 'check'?" in ended.stderr) == (2, True)
    assert "Did you mean" not in run("elephant").stderr


def test_no_line_of_the_list_is_cut_short(run: Run) -> None:
    _, _, commands = run("--help", terminal_width=80).stdout.partition("Commands:")
    assert "..." not in commands


def test_the_version_is_told(run: Run) -> None:
    assert strangler.__version__ in run("--version").stdout


def test_an_error_is_a_message_and_never_a_traceback(run: Run, folder: Path) -> None:
    (folder / "strangler.toml").write_text("[proxy]\nworkers = 0\n")
    result = run("check")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "strangler.toml:2: proxy.workers: is 0, too small" in result.stderr
    assert result.stderr.endswith("2 problems found; nothing was done.\n")


def test_an_error_is_json_too_when_json_was_asked_for(run: Run, folder: Path) -> None:
    (folder / "strangler.toml").write_text("[proxy]\nworkers = 0\n")
    result = run("routes", "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "config_error"
    assert [problem["line"] for problem in error["problems"]] == [None, 2]
    assert result.stderr


def test_the_configuration_is_named_before_the_command_behind_it_or_by_the_environment(run: Run, folder: Path) -> None:
    (folder / "strangler.toml").rename(folder / "other.toml")
    environment = {"STRANGLER_CONFIG": "other.toml"}
    assert run("check").exit_code == 2
    assert run("-c", "other.toml", "check").exit_code == 0
    assert run("check", "-c", "other.toml").exit_code == 0
    assert run("check", env=environment).exit_code == 0
    assert run("-c", "none.toml", "check", env=environment).exit_code == 2
    assert run("-c", "none.toml", "check", "-c", "other.toml").exit_code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StranglerError("x"), 2),
        (UnknownToggle("x"), 2),
        (ConfigError([]), 2),
        (RevisionConflict(1, 2), 1),
        (ControlRefused(409, "revision_conflict", "x"), 1),
        (ControlRefused(409, "illegal_move", "x"), 2),
        (PlanError("x"), 2),
        (PlanWaits("x"), 3),
        (ControlRefused(409, "plan_busy", "x"), 3),
        (ControlRefused(500, "internal", "x"), 4),
        (ControlUnreachable("x"), 4),
    ],
)
def test_exit_codes(error: StranglerError, code: int) -> None:
    assert exit_code(error) == code


def test_what_a_file_holds_cannot_play_with_the_terminal() -> None:
    error = ConfigError([Problem("x.toml", 1, "a", "is \x1b[31m", "b")])
    assert "\x1b" not in error_text(error)
    assert error_json(error)["error"]["problems"][0]["wrong"] == "is \x1b[31m"


def test_without_the_extra_the_command_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("strangler_proxy.__main__.find_spec", lambda name: None if name == "click" else True)
    monkeypatch.setattr(sys, "argv", ["strangler", "serve"])
    with pytest.raises(SystemExit) as ended:
        entry()
    assert ended.value.code == 2
    assert "pip install 'strangler[proxy]'" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["strangler", "--version"])
    entry()
    assert strangler.__version__ in capsys.readouterr().out


@pytest.mark.slow
def test_the_module_runs_as_the_command_does(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "strangler_proxy", "--config", "strangler.toml", "check"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("strangler.toml: 3 routes, 1 seam, 2 upstreams, fine.\n")
