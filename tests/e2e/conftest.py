"""The whole stack as processes, started once for all tests of this folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.addresses import Addresses
from demo.stack import ROOT, Seeding, Stack

Strangler = Callable[..., dict[str, Any]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("e2e"))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The shop, the catalogue service and the proxy, running."""
    stack = Stack(tmp_path_factory.mktemp("stack"), Addresses.free())
    stack.prepare(Seeding(products=120, customers=20, orders=40))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def strangler(stack: Stack) -> Strangler:
    """Runs the `strangler` command against the stack: its exit code under `code`, its JSON under `said`."""

    def run(*arguments: str, code: int = 0) -> dict[str, Any]:
        command = [sys.executable, "-m", "strangler_proxy", *arguments, "--json"]
        environment = {**stack.environment, "NO_COLOR": "1", "COLUMNS": "200"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        said: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
        return said

    return run


@pytest.fixture
def at_monolith(strangler: Strangler) -> Iterator[None]:
    """All toggles at stage `monolith`, before the test and after it."""
    strangler("back", "--all", "--why", "a test begins")
    yield
    strangler("back", "--all", "--why", "a test is over")
