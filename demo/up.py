"""`make up`: start the stack and leave it running, with its data in `.demo/`."""

from __future__ import annotations

import sys

from demo.addresses import Addresses
from demo.down import FOLDER, running
from demo.stack import ROOT, Seeding, Stack, StackError

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
    print(f"\nThe shop: {stack.addresses.url('shop')}/  (admin at /admin/: admin@shop.example / admin)")
    token = (stack.state / "control.token").relative_to(ROOT)
    print(f"The control room: {stack.addresses.url('control')}/room/  (sign in with the token in {token})")
    print(f"For the `strangler` command in this shell:  . {stack.shell_file().relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
