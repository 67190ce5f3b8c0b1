"""The file that tells a shell where the stack is."""

from __future__ import annotations

import os
import subprocess

from demo.stack import ROOT, Stack


def test_a_shell_that_sources_it_has_the_command_and_reaches_the_control_plane(stack: Stack) -> None:
    bare = {"HOME": os.environ.get("HOME", "/"), "PATH": "/usr/bin:/bin"}
    command = f". {stack.shell_file()} && strangler status && python -m extracted.catalog ready"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "live on 2/2 workers" in done.stdout
