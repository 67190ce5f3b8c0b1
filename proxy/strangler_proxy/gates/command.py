"""Running a line in the shell of the person who judges gates or applies a plan: shown as it comes, and kept in part."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from strangler.gates import CommandGate, CommandSeen
from strangler_proxy.plain import plain

__all__ = ["TIMED_OUT", "Ran", "Run", "command_seen", "run_command"]

TIMED_OUT: Final = 124
"""The code of a command that was killed, as the command `timeout` would have it."""

_KEPT: Final = 16 * 1024
_LONGEST_LINE: Final = 2000


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and the end of what it printed. `in_time` is False where it was killed."""

    code: int
    output: str
    seconds: float
    in_time: bool = True


Run = Callable[[str, float], Ran]
"""Runs a line for at most so many seconds."""


def command_seen(gate: CommandGate, run: Run) -> CommandSeen:
    """With which code the gate's command ends."""
    try:
        ran = run(gate.run, gate.timeout)
    except OSError as error:
        return CommandSeen(error=f"it cannot begin: {error.strerror}")
    return CommandSeen(ran.code) if ran.in_time else CommandSeen(error=f"not within {gate.timeout:g} s")


def run_command(command: str, timeout: float, folder: Path, show: Callable[[str], None]) -> Ran:
    """Run a line in the shell in `folder`, with nothing to read from, and `show` each line that it prints.

    After `timeout` seconds it is killed with everything that it began, and ends with TIMED_OUT. Of the output the last
    16 KiB are given. Raises OSError when it cannot begin.
    """
    began = time.monotonic()
    # In a group of its own, so that nothing of it is left behind.
    running = subprocess.Popen(  # noqa: S602 - a person wrote this line for a shell, and runs it themselves
        command,
        shell=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    kept: list[str] = []
    assert running.stdout is not None  # noqa: S101 - a pipe was asked for
    reader = threading.Thread(target=_read, args=(running.stdout, kept, show), daemon=True)
    reader.start()
    in_time = True
    try:
        code = running.wait(timeout)
    except subprocess.TimeoutExpired:
        code, in_time = TIMED_OUT, False
        kept.append(f"not within {timeout:g} s\n")
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    # What it left behind may hold the pipe open for ever.
    reader.join(1.0)
    return Ran(code, "".join(kept)[-_KEPT:], time.monotonic() - began, in_time)


def _read(stream: IO[bytes], kept: list[str], show: Callable[[str], None]) -> None:
    size = 0
    with stream:
        while line := stream.readline(_LONGEST_LINE):
            text = plain(line.decode(errors="replace").rstrip("\r\n"))
            show(text)
            kept.append(f"{text}\n")
            size += len(text) + 1
            while size > 2 * _KEPT:
                size -= len(kept.pop(0))
