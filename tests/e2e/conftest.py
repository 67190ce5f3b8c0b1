"""The `strangler` command against the running stack."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from demo.stack import ROOT, Stack

Strangler = Callable[..., dict[str, Any]]


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
    """All toggles at stage `monolith`, before the test and after it; and no evidence of what other tests did."""
    strangler("back", "--all", "--why", "a test begins")
    strangler("shadow", "clear", "*", "--why", "a test begins")
    yield
    strangler("back", "--all", "--why", "a test is over")
