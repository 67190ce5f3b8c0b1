"""What is read of the processes that are measured."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.memory import forget_peak, peak, resident
from benchmarks.processes import cpu_seconds, free_port, running, tree, worker, workplace

pytestmark = pytest.mark.slow

# Listens, and has a child that computes for as long as it is let.
PARENT = """
import socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
subprocess.run([sys.executable, "-c", "while True: pass"])
"""


def test_no_port_is_given_twice_though_nobody_listens_on_it_yet() -> None:
    assert len({free_port() for _ in range(1000)}) == 1000


def test_the_worker_is_the_process_of_the_tree_that_computes() -> None:
    with ExitStack() as stack:
        port = free_port()
        command = [sys.executable, "-c", PARENT, str(port)]
        pid = stack.enter_context(running(command, port, workplace(stack)))
        while len(before := tree(pid)) < 2:
            pass
        child = next(each for each in before if each != pid)
        stack.callback(os.kill, child, 9)
        while cpu_seconds(pid) < sum(before.values()) + 0.2:
            pass
        assert worker(pid, before) == child


def test_what_does_not_start_is_told_with_what_it_printed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no such option')"]
    with pytest.raises(RuntimeError, match="no such option"), running(command, free_port(), tmp_path):
        pass


def test_a_peak_stays_until_it_is_forgotten() -> None:
    program = "import sys; large = bytearray(64 << 20); large = None; print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert peak(process.pid) > resident(process.pid) + 32
        forget_peak(process.pid)
        assert peak(process.pid) < resident(process.pid) + 32
        process.kill()
