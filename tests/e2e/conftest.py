"""The `strangler` command against the running stack."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from strangler_proxy.client import ControlClient
from strangler_proxy.config.values import Address

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
def control(stack: Stack) -> Iterator[ControlClient]:
    """The stack's control plane, for what is asked again and again: a command takes most of a second to start."""
    token = (stack.state / "control.token").read_text().strip()
    with ControlClient(Address("127.0.0.1", stack.addresses.control), token) as client:
        yield client


@pytest.fixture
def at_monolith(control: ControlClient) -> Iterator[None]:
    """All toggles at stage `monolith`, before the test and after it; and no evidence of what other tests did."""
    _back(control, "a test begins")
    control.clear(["*"], why="a test begins")
    yield
    _back(control, "a test is over")


def _back(control: ControlClient, why: str) -> None:
    outcome = control.back(None, why=why, wait_seconds=20)
    assert not outcome["missing"], outcome
    assert not outcome.get("refused"), outcome
