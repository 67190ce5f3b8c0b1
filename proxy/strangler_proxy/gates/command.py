"""Running the command of a gate, on the machine of the person who judges."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Final

from strangler.gates import CommandGate, CommandSeen

__all__ = ["run_command"]

_STANDARD_ERROR: Final = 2


def run_command(gate: CommandGate) -> CommandSeen:
    """With which code the line ends in a shell. What it writes goes to standard error; what still runs after its time
    is killed, with everything that it began."""
    try:
        # In a group of its own, so that nothing of it is left behind.
        running = subprocess.Popen(  # noqa: S602 - a person wrote this line for a shell, and runs it themselves
            gate.run, shell=True, stdin=subprocess.DEVNULL, stdout=_STANDARD_ERROR, start_new_session=True
        )
    except OSError as error:
        return CommandSeen(error=f"it cannot begin: {error.strerror}")
    try:
        code = running.wait(gate.timeout)
    except subprocess.TimeoutExpired:
        return CommandSeen(error=f"not within {gate.timeout:g} s")
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    return CommandSeen(code)
