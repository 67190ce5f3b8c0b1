"""`make down`: end what `make up` started."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from demo.stack import ROOT

__all__ = ["FOLDER", "main", "running"]

FOLDER = ROOT / ".demo"


def running(folder: Path) -> dict[str, int]:
    """The process ids of the parts of a stack in `folder` that are alive, by name."""
    try:
        pids: dict[str, int] = json.loads((folder / "stack.json").read_text())["pids"]
    except FileNotFoundError:
        return {}
    return {name: pid for name, pid in pids.items() if _is_ours(pid)}


def _is_ours(pid: int) -> bool:
    # A process id may be somebody else's by now: only a leader of its own session, started with a name of ours, counts.
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return any(name in command for name in (b"monolith", b"demo.releases", b"strangler"))


def main() -> int:
    """End the stack, the proxy first; 0 also when there is none."""
    alive = running(FOLDER)
    for name in reversed(list(alive)):
        os.killpg(alive[name], signal.SIGTERM)
        deadline = time.monotonic() + 20
        while _is_ours(alive[name]) and time.monotonic() < deadline:
            time.sleep(0.05)
        if _is_ours(alive[name]):
            os.killpg(alive[name], signal.SIGKILL)
    (FOLDER / "stack.json").unlink(missing_ok=True)
    print(f"Ended: {', '.join(alive)}." if alive else "Nothing was up.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
