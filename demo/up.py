"""`make up`: start the stack and leave it running, with its data in `.demo/`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from demo.addresses import Addresses
from demo.down import FOLDER, running
from demo.stack import Seeding, Stack, StackError

__all__ = ["main"]


def main() -> int:
    """Start the stack; 0 when it is up, 2 when it is up already or does not come up."""
    if running(FOLDER):
        print(f"It is up already; its logs are in {FOLDER / 'logs'}. `make down` ends it.", file=sys.stderr)
        return 2
    stack = Stack(FOLDER, Addresses.choose())
    try:
        print("The shop: making its database and filling it, unless it has one", flush=True)
        stack.prepare(Seeding())
        stack.start()
    except StackError as error:
        print(f"up: {error}", file=sys.stderr)
        return 2
    names = [
        "STRANGLER_CONFIG",
        "STRANGLER_STATE",
        "STRANGLER_LISTEN",
        "STRANGLER_CONTROL",
        "MONOLITH_URL",
        "MONOLITH_EVENTS_URL",
        "CATALOG_URL",
    ]
    lines = [f"export {name}={shlex.quote(stack.environment[name])}" for name in [*names, "CATALOG_SERVICE_URL"]]
    lines.append(f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH")
    (FOLDER / "env").write_text("\n".join([*lines, ""]))
    print(f"\nThe shop: {stack.addresses.url('shop')}/  (admin at /admin/: admin@shop.example / admin)")
    print("For the `strangler` command in this shell:  . .demo/env")
    return 0


if __name__ == "__main__":
    sys.exit(main())
