"""Toggles that were asked before the fork, under a real gunicorn --preload."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from strangler.toggles import Kind, Snapshot, Stage, Toggle
from tests.strangler.toggles.control import Control
from tests.waiting import until

NAME = "billing.rates"
APP = """
import os
from strangler.toggles import Toggles

toggles = Toggles.from_env()
assert toggles.wait(20) and toggles.stage("billing.rates").value == "shadow", "asked before the fork"

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close")])
    return [f"{os.getpid()} {toggles.stage('billing.rates')}".encode()]
"""


def at(stage: Stage, revision: int) -> Snapshot:
    return Snapshot(revision, {NAME: Toggle(NAME, Kind.SEAM, stage, revision=revision)})


def ask(port: int) -> tuple[str, str]:
    """Who answers, and the stage that it sees; nothing while nobody does."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        pid, _, stage = connection.getresponse().read().decode().partition(" ")
    except OSError:
        return "", ""
    return pid, stage


@pytest.mark.slow
def test_every_worker_of_gunicorn_follows_what_was_asked_before_it_was_forked(tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(APP)
    control = Control(at(Stage.SHADOW, 1))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--preload", "-w", "2", "-b", f"127.0.0.1:{port}", "application"]
    environment = {"STRANGLER_CONTROL_URL": control.url, "STRANGLER_TOKEN": "secret", "PYTHONPATH": _path(tmp_path)}
    with (tmp_path / "log").open("w") as log:
        gunicorn = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        seen: set[str] = set()

        def both_answer(stage: Stage) -> bool:
            pid, told = ask(port)
            if told == stage:
                seen.add(pid)
            return len(seen) == 2

        until(lambda: both_answer(Stage.SHADOW))
        seen.clear()
        control.put(at(Stage.EXTRACTED, 2))
        until(lambda: both_answer(Stage.EXTRACTED))
    finally:
        gunicorn.terminate()
        gunicorn.wait(20)
        control.stop()


def _path(folder: Path) -> str:
    return f"{folder}:{Path(__file__).resolve().parents[3]}"
