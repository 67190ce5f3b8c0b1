"""Every measurement in one run; 0 only if all ran and every bar holds."""

from __future__ import annotations

import os
import platform
import sys

from benchmarks import flips, follow, matching, proxy, seam, toggles

__all__ = ["main"]


def main() -> int:
    """Run them one after the other; the worst of their exit codes."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    worst = 0
    for measurement in (toggles.main, matching.main, seam.main, flips.main, follow.main, proxy.main):
        worst = max(worst, measurement())
        print(flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
