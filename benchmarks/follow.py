"""How old the catalogue service's copy is: from a change's commit in the monolith to the service's answer with it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median

from demo.addresses import Addresses
from demo.stack import Seeding, Stack

__all__ = ["main"]

BAR = 2.0
CHANGES = 20
_CHANGES = """
import json, time
import httpx
from monolith.catalog.models import Product
seconds = []
with httpx.Client() as client:
    for number in range({changes}):
        product = Product.objects.visible().order_by("pk")[number]
        product.name = f"changed {{number}}"
        product.save()
        began = time.perf_counter()
        while client.get(f"{service}/api/v1/products/{{product.pk}}/").json()["name"] != product.name:
            time.sleep(0.005)
        seconds.append(time.perf_counter() - began)
print(json.dumps(seconds))
"""


def main() -> int:
    """Print seconds, and 1 when a change took longer than the promised two."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), Addresses.free(), say=lambda _: None)
        stack.prepare(Seeding(products=200, customers=10, orders=10))
        stack.start()
        try:
            program = _CHANGES.format(changes=CHANGES, service=stack.addresses.url("catalog"))
            seconds: list[float] = json.loads(stack.manage("shell", "--no-imports", "-c", program).splitlines()[-1])
        finally:
            stack.stop()
    print(f"The service's copy of a change in the monolith, {CHANGES} changes (bar: within {BAR:.0f} s)")
    print(f"median {median(seconds):.2f} s, longest {max(seconds):.2f} s")
    return int(max(seconds) > BAR)


if __name__ == "__main__":
    sys.exit(main())
