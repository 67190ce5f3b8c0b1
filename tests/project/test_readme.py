"""The first commands of the README, as a newcomer types them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from strangler_proxy.cli import main
from strangler_proxy.config import load_config

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
FIRST, OWN = re.findall(r"^```console\n(\$ pip install.*?)^```$", README, re.M | re.S)


def commands(block: str) -> list[list[str]]:
    """The `strangler` commands of a block, as words after the name."""
    return [shlex.split(line, comments=True)[1:] for line in re.findall(r"^\$ (strangler .*)$", block, re.M)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_init_writes_with_the_lines_that_are_added_is_right_and_holds_the_route_that_is_flipped(
    folder: Path,
) -> None:
    (added,) = re.findall(r"<<'END'.*?\n(.*?)^END$", FIRST, re.M | re.S)
    init, *_ = commands(FIRST)
    assert CliRunner().invoke(main, init).exit_code == 0
    file = folder / "strangler.toml"
    file.write_text(file.read_text() + added)
    assert CliRunner().invoke(main, ["check"]).exit_code == 0
    assert {words[1] for words in commands(FIRST) if words[0] in {"flip", "back"}} == {
        route.name for route in load_config(file).routes
    }


def test_the_file_is_edited_before_it_is_served_as_it_is_read_then() -> None:
    assert 0 < FIRST.index("[[routes]]") < FIRST.index("strangler serve") < FIRST.index("strangler flip")


@pytest.mark.parametrize("words", [*commands(FIRST), *commands(OWN)], ids=" ".join)
def test_every_command_is_understood(words: list[str]) -> None:
    command = main.get_command(click.Context(main), words[0])
    assert command is not None
    with command.make_context(words[0], [word for word in words[1:] if word != "&"]):
        pass
