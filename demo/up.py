"""`make up`: start the stack and leave it running, with its data in `.demo/`."""

from __future__ import annotations

import sys

from demo.addresses import Addresses
from demo.down import FOLDER, running
from demo.stack import CONFIG, Seeding, Stack, StackError

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
    exports = ["STRANGLER_STATE", "STRANGLER_LISTEN", "STRANGLER_CONTROL", "MONOLITH_URL", "CATALOG_SERVICE_URL"]
    print(
        f"\nThe shop is at {stack.addresses.url('shop')}/ (admin: admin@shop.example / admin). For the `strangler` command:"
    )
    print(f"  export STRANGLER_CONFIG={CONFIG}")
    for name in exports:
        print(f"  export {name}={stack.environment[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
