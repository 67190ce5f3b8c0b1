"""Our own proxy as the wheel for this platform has it: the hot modules compiled."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["compiled_packages"]

_BUILD = Path(__file__).resolve().parents[2] / "hatch_build.py"


@cache
def compiled_packages() -> Path | None:
    """A folder with the packages, compiled once a run (about a minute); None where there is no C compiler."""
    if shutil.which("cc") is None:
        print("no C compiler (cc): the compiled build is not measured, and the bars are held to the plain one")
        return None
    folder = Path(tempfile.mkdtemp(prefix="strangler-compiled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    print("compiling the hot modules, as the wheel for this platform has them", flush=True)
    subprocess.run([sys.executable, str(_BUILD), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder
