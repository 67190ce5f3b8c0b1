"""`python -m demo [--exit]`: start the shop, let customers in, follow the plan's first chapter, say what was seen."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from demo.addresses import Addresses
from demo.customers import Customers
from demo.stack import Seeding, Stack, StackError
from demo.story import Story

__all__ = ["leave_open", "main"]


def main() -> int:
    """Run the demo; 0 when no request failed, no answer of a good release differed and the bad one was taken back, 1
    otherwise, 2 when the stack did not come up."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--exit", action="store_true", help="end by itself, with 0 only if all went well")
    parser.add_argument(
        "--seconds", type=float, default=6, help="how long customers shop between two steps (default 6)"
    )
    parser.add_argument("--products", type=int, default=Seeding().products, help="how many products the shop has")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="strangler-demo-"))
    stack = Stack(folder, Addresses.choose())
    began = time.monotonic()
    went_well = False
    try:
        print("The shop: making its database and filling it", flush=True)
        stack.prepare(Seeding(products=asked.products))
        print(f"The stack, with its logs in {folder / 'logs'}:", flush=True)
        stack.start()
        print(f"To watch it all in a browser, the control room: {stack.addresses.url('control')}/room/", flush=True)
        print(f"  sign in with the token in {stack.state / 'control.token'}", flush=True)
        went_well = Story(stack, seconds=asked.seconds).tell()
        print(f"\n{'All well' if went_well else 'NOT well'}, in {time.monotonic() - began:.0f} s.", flush=True)
        if not asked.exit:
            leave_open(stack)
    except StackError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopping.", flush=True)
        return 0 if went_well else 130
    finally:
        stack.stop()
        if went_well:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"Logs and databases are left in {folder}.", file=sys.stderr)
    return 0 if went_well else 1


def leave_open(stack: Stack) -> None:
    """Say where everything is, and let a few customers in, so that there is something to watch, until somebody ends it;
    StackError when a part ends by itself."""
    print(
        f"""
The shop is open, through the proxy:  {stack.addresses.url("shop")}/
  its admin                           {stack.addresses.url("shop")}/admin/     (admin@shop.example / admin)
The control room, to watch it:        {stack.addresses.url("control")}/room/
  sign in with the token in           {stack.state / "control.token"}
  move a route yourself, in a shell   . {stack.shell_file()}
                                      strangler flip 'catalog.*' extracted --force --why "to see it"
  or go on with the plan              strangler plan status
A few customers go on shopping. Ctrl-C ends it.""",
        flush=True,
    )
    customers = Customers(stack.addresses.url("shop"), count=4, pause=0.5, seed=2)
    customers.start()
    try:
        while all(process.poll() is None for process in stack.processes.values()):
            time.sleep(0.5)
    finally:
        customers.stop()
    gone = [name for name, process in stack.processes.items() if process.poll() is not None]
    raise StackError(f"{', '.join(gone)} ended by itself.\n{stack.log_end(gone[0])}")


if __name__ == "__main__":
    sys.exit(main())
