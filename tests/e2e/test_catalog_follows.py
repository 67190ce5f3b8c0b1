"""The service's copy keeps up with the monolith while both run."""

from __future__ import annotations

import httpx

from demo.stack import Stack
from tests.waiting import until


def test_a_change_and_a_deletion_in_the_monolith_reach_the_service(stack: Stack) -> None:
    url = stack.addresses.url("catalog")
    products = httpx.get(f"{url}/api/v1/products/?page=last").json()["results"]
    changed, deleted = products[0]["id"], products[1]["id"]
    stack.manage("shell", "--no-imports", "-c", _CHANGE.format(changed=changed, deleted=deleted))
    until(lambda: httpx.get(f"{url}/api/v1/products/{changed}/").json()["name"] == "Changed ✓")
    until(lambda: httpx.get(f"{url}/api/v1/products/{deleted}/").status_code == 404)


def test_the_service_goes_on_while_the_monolith_is_away_and_catches_up(stack: Stack) -> None:
    url = stack.addresses.url("catalog")
    product = httpx.get(f"{url}/api/v1/products/").json()["results"][0]["id"]
    monolith = next(part for part in stack.parts() if part.name == "monolith")
    stack.stop_part("monolith")
    try:
        until(lambda: httpx.get(f"{url}/health/ready").json()["dependencies"]["feed"]["status"] == "down")
        assert httpx.get(f"{url}/health/ready").status_code == 200
        assert httpx.get(f"{url}/api/v1/products/{product}/").status_code == 200
        stack.manage("shell", "--no-imports", "-c", _RENAME.format(product=product))
    finally:
        stack.start_part(monolith)
    until(lambda: httpx.get(f"{url}/api/v1/products/{product}/").json()["name"] == "Renamed ✓")


_CHANGE = """
from monolith.catalog.models import Product
Product.objects.filter(pk={changed}).update(name="Changed ✓")
Product.objects.filter(pk={deleted}).delete()
"""
_RENAME = """
from monolith.catalog.models import Product
Product.objects.filter(pk={product}).update(name="Renamed ✓")
"""
