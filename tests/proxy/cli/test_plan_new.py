"""`strangler plan new`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.plan import read_plan

from strangler.inventory import write_inventory
from tests.proxy.cli.conftest import Run
from tests.proxy.plan_draft.known import relation, shop


@pytest.fixture
def inventory(folder: Path) -> str:
    write_inventory(folder / "inventory.json", shop(["cart", "catalog"], relations=[relation("cart", "catalog")]))
    return "inventory.json"


def test_the_draft_is_printed(run: Run, inventory: str) -> None:
    result = run("plan", "new", "--inventory", inventory)
    assert result.exit_code == 0
    assert result.stdout.startswith("# Migration plan of shop (a draft)")
    assert list(read_plan(result.stdout, Path("plan.md")).steps)[:2] == [
        "proxy.in-front",
        "catalog.ready",
    ]


def test_it_is_written_to_a_file_and_over_none_that_is_there(run: Run, inventory: str, folder: Path) -> None:
    result = run("plan", "new", "--inventory", inventory, "-o", "plan.md")
    assert result.exit_code == 0
    assert "2 parts to move" in result.stdout
    (folder / "plan.md").write_text("mine")
    again = run("plan", "new", "--inventory", inventory, "-o", "plan.md")
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert (folder / "plan.md").read_text() == "mine"
    assert run("plan", "new", "--inventory", inventory, "-o", "plan.md", "--force").exit_code == 0
    assert "# Migration plan" in (folder / "plan.md").read_text()


def test_numbers_are_json(run_json: Callable[..., Any], inventory: str) -> None:
    document = run_json("plan", "new", "--inventory", inventory)
    assert [(each["part"], each["advice"]) for each in document["parts"]] == [("catalog", "move"), ("cart", "move")]
    assert document["tangles"] == 1


def test_bad_input_is_told(run: Run, inventory: str, folder: Path) -> None:
    assert run("plan", "new", "--inventory", "none.json").exit_code == 2
    assert run("plan", "new", "--inventory", inventory, "--access-log", "none.log").exit_code == 2
    assert run("plan", "new", "--inventory", inventory, "-o", "no/folder/plan.md").exit_code == 2


def test_a_repository_without_a_history_is_a_warning(run: Run, inventory: str, folder: Path) -> None:
    result = run("plan", "new", "--inventory", inventory, "--repository", str(folder))
    assert result.exit_code == 0
    assert "no git history" in result.stderr
