"""Running a step's command in the operator's own shell, shown as it comes and kept in part."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from strangler.errors import PlanError
from strangler_proxy.plain import plain, reason
from strangler_proxy.plan.world import Ran

__all__ = ["TIMED_OUT", "run_command"]

_KEPT: Final = 16 * 1024
_LONGEST_LINE: Final = 2000
TIMED_OUT: Final = 124
"""The code of a command that was killed, as the command `timeout` would have it."""


def run_command(command: str, timeout: float, folder: Path, show: Callable[[str], None]) -> Ran:
    """Run a line in the shell in `folder`, with nothing to read from, and `show` each line that it prints.

    After `timeout` seconds it is killed with everything that it began, and ends with TIMED_OUT. Of the output the last
    16 KiB are given. Raises PlanError when it cannot begin.
    """
    began = time.monotonic()
    try:
        running = subprocess.Popen(  # noqa: S602 - the plan's author wrote it for a shell, and the operator runs it
            command,
            shell=True,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise PlanError(f"`{command}` cannot begin: {reason(error)}.") from error
    kept: list[str] = []
    assert running.stdout is not None  # noqa: S101 - a pipe was asked for
    reader = threading.Thread(target=_read, args=(running.stdout, kept, show), daemon=True)
    reader.start()
    try:
        code = running.wait(timeout)
    except subprocess.TimeoutExpired:
        code = TIMED_OUT
        kept.append(f"not within {timeout:g} s\n")
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    # What it left behind may hold the pipe open for ever.
    reader.join(1.0)
    return Ran(code, "".join(kept)[-_KEPT:], time.monotonic() - began)


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
