"""The shop's plan, followed command by command as it is written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.customers import Customers
from demo.plan import Step, read_steps
from demo.stack import ROOT, Stack
from tests.e2e.conftest import Strangler

pytestmark = [pytest.mark.usefixtures("at_monolith"), pytest.mark.timeout(600)]


def shell(command: str, stack: Stack) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**stack.environment, "PATH": path}
    return subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def shop_until_told(step: Step, stack: Stack) -> None:
    """Customers ask for this and that until the step's report is not inconclusive any more."""
    customers = Customers(stack.addresses.url("shop"), pause=0.02)
    customers.start()
    while shell(step.commands[0], stack).returncode == 3:
        time.sleep(0.5)
    assert not customers.stop().failures


def follow(step: Step, stack: Stack) -> str:
    said = ""
    for command in step.commands:
        done = shell(command, stack)
        assert done.returncode == 0, f"{step.id}: {command}\n{done.stdout}{done.stderr}"
        said += done.stdout
    return said


def test_the_chapter_on_catalogue_reads_can_be_followed_as_it_is_written(stack: Stack, strangler: Strangler) -> None:
    steps = read_steps(ROOT / "migration_plan.md")

    def stages() -> dict[str, tuple[str, int]]:
        return {toggle["name"]: (toggle["stage"], toggle["share"]) for toggle in strangler("status")["toggles"]}

    routes = ["catalog.categories", "catalog.product-detail", "catalog.product-list", "catalog.reviews"]
    expected = {
        "check": ("monolith", 0),
        "filled": ("monolith", 0),
        "shadow": ("shadow", 0),
        "report": ("shadow", 0),
        "canary-10": ("canary", 10_000),
        "canary-50": ("canary", 50_000),
        "extracted": ("extracted", 0),
        "back": ("monolith", 0),
    }
    for name, stage in expected.items():
        if name == "report":
            shop_until_told(steps["catalog-reads.report"], stack)
        follow(steps[f"catalog-reads.{name}"], stack)
        assert {route: stages()[route] for route in routes} == dict.fromkeys(routes, stage), name
    for name, stage in {
        "facts-shadow": ("shadow", 0),
        "facts-canary": ("canary", 10_000),
        "facts-extracted": ("extracted", 0),
        "facts-back": ("monolith", 0),
    }.items():
        follow(steps[f"catalog-reads.{name}"], stack)
        assert stages()["cart.catalog-facts"] == stage, name


def test_every_step_of_the_chapter_but_the_parity_tests_is_followed_above() -> None:
    followed = {"check", "filled", "shadow", "report", "canary-10", "canary-50", "extracted", "back"}
    followed |= {"facts-shadow", "facts-canary", "facts-extracted", "facts-back"}
    steps = {name.removeprefix("catalog-reads.") for name in read_steps(ROOT / "migration_plan.md")}
    assert steps == followed | {"parity"}
