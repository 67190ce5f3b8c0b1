"""`strangler identity`: keys are shown and replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.proxy.cli.conftest import Run

CONFIG = '[upstreams.monolith]\nurl = "http://127.0.0.1:8000"\n'


@pytest.fixture(autouse=True)
def _config(folder: Path) -> None:
    (folder / "strangler.toml").write_text(CONFIG)


def kids(run: Run) -> list[str]:
    return [key["kid"] for key in json.loads(run("identity", "keys", "--json").stdout)["keys"]]


def test_a_new_key_comes_beside_the_old_one(run: Run, folder: Path) -> None:
    first = json.loads(run("identity", "rotate", "--json").stdout)["kid"]
    assert kids(run) == [first]
    assert "signs from 20" in run("identity", "rotate").stdout
    assert kids(run)[1:] == [first]
    header, new, old = run("identity", "keys").stdout.splitlines()
    assert header.split() == ["key", "state", "public", "half"]
    assert new.startswith(f"{kids(run)[0]}  signs from 20")
    assert old.startswith(f"{first}  signs  ")
    assert (folder / ".strangler" / "identity.keys.json").stat().st_mode & 0o777 == 0o600


def test_the_first_key_is_there_before_the_proxy_ever_was(run: Run) -> None:
    assert len(kids(run)) == 1


def test_the_first_key_signs_at_once_and_is_said_to(run: Run) -> None:
    assert " signs from now on. " in run("identity", "rotate").stdout
    assert run("identity", "keys").stdout.splitlines()[1].split()[1] == "signs"


def test_at_once_the_old_ones_are_gone(run: Run) -> None:
    run("identity", "rotate")
    told = run("identity", "rotate", "--at-once")
    assert " signs from now on. " in told.stdout
    assert len(kids(run)) == 1
