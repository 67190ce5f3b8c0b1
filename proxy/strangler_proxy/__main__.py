"""`strangler`, and `python -m strangler_proxy`. Says what to install where the extra is missing."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from strangler import __version__

__all__ = ["main"]

_EXTRA = ("click", "httpx", "pydantic", "rich", "starlette", "uvicorn")


def main() -> None:
    """Run the command line. Without the extra `proxy` it ends with 2 and names what to install."""
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if not missing:
        from strangler_proxy.cli import main as command

        command(prog_name="strangler")
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"strangler, version {__version__}\n")
        return
    sys.stderr.write(
        f"The strangler command needs {', '.join(missing)}, which the library alone does not bring along.\n"
        "Install it: pip install 'strangler[proxy]'\n"
    )
    sys.exit(2)


if __name__ == "__main__":
    main()
