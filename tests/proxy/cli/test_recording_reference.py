"""The page on recordings, replay and comparison leaves nothing out, and what it shows runs."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator
from strangler_proxy.cli import main
from strangler_proxy.replay.stand_ins import load_stand_ins

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "recording.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize("name", ["record", "replay", "compare"])
def test_every_option_is_there(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert not [each.opts[-1] for each in options if each.opts[-1] not in PAGE]


def test_the_lines_are_those_of_the_schema() -> None:
    schema = json.loads(files("strangler.recording").joinpath("recording.schema.json").read_text())
    for block in blocks("json"):
        Draft202012Validator(schema).validate(json.loads(block))
    for member in schema["$defs"]["recorded"]["properties"]:
        assert f"`{member}`" in PAGE


def test_the_stand_ins_are_read(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    (tmp_path / "login.toml").write_text(block)
    made = load_stand_ins(tmp_path / "login.toml", {"SHOP_USER": "a", "SHOP_PASSWORD": "b", "SHOP_TOKEN": "c"})
    assert len(made.logins) == 2


def test_what_is_shown_in_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    writing, to_har = blocks("python")
    exec(compile(writing, "recording.md", "exec"), {})
    (tmp_path / "recordings" / "shop.ndjson.gz").rename(tmp_path / "visits.ndjson")
    exec(compile(to_har, "recording.md", "exec"), {})
    assert json.loads((tmp_path / "visits.har").read_text())["log"]["version"] == "1.2"
