"""How old the catalogue service's copy is: from a change's commit in the monolith to the service's answer with it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.bars import Bar
from benchmarks.pace import Pace
from demo.addresses import Addresses
from demo.stack import Seeding, Stack

__all__ = ["measure"]

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


def measure(pace: Pace) -> list[Bar]:
    """Print seconds; the bar is on the longest, for the promised two."""
    count = 5 if pace.quick else CHANGES
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), Addresses.free(), say=lambda _: None)
        stack.prepare(Seeding(products=200, customers=10, orders=10))
        stack.start()
        try:
            program = _CHANGES.format(changes=count, service=stack.addresses.url("catalog"))
            seconds: list[float] = json.loads(stack.manage("shell", "--no-imports", "-c", program).splitlines()[-1])
        finally:
            stack.stop()
    print(f"The service's copy of a change in the monolith, {count} changes")
    print(f"median {median(seconds):.2f} s, longest {max(seconds):.2f} s")
    return [Bar("the copy of a change, the longest", max(seconds), BAR, "s")]
