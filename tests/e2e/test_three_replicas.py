"""The plan on three replicas over PostgreSQL, of which one is killed in every phase."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

from demo.releases import PLANTED
from demo.stack import Seeding
from tests.e2e.replicas import REPLICAS, Customer, ReplicaStack
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ADA, BEA, CLEO = REPLICAS


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[ReplicaStack]:
    """The shop behind three replicas, with customers in it."""
    stack = ReplicaStack(tmp_path_factory.mktemp("replicas") / "stack", postgres_url)
    stack.prepare(Seeding(products=150, customers=20, orders=40))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def customers(shop: ReplicaStack) -> Iterator[list[Customer]]:
    urls, enough = [shop.at[name].url("shop") for name in REPLICAS], threading.Event()
    products = httpx.get(f"{urls[0]}/api/v1/products/?page_size=80").json()["results"]
    people = [Customer(urls, products[each * 20 :] + products, enough) for each in range(3)]
    for each in people:
        each.start()
    yield people
    enough.set()
    for each in people:
        each.join(30)


class Desk:
    """Somebody who follows the plan at one replica, and looks on while it goes."""

    def __init__(self, shop: ReplicaStack, pool: ThreadPoolExecutor, looks: httpx.Client) -> None:
        self._shop, self._pool, self._looks = shop, pool, looks

    def begin(self, step: str, at: str) -> Future[CompletedProcess[str]]:
        return self._pool.submit(self._shop.strangler, at, "plan", "apply", *step.split(), "--yes")

    def status(self, at: str) -> dict[str, Any]:
        """As `strangler status` has it, and sooner: a command's start takes as long as a station of the rollout."""
        token = (self._shop.folder / at / "control.token").read_text().strip()
        url = f"{self._shop.at[at].url('control')}/api/v1/status"
        try:
            said: dict[str, Any] = self._looks.get(url, headers={"Authorization": f"Bearer {token}"}).json()
        except httpx.TransportError:
            # One that was just revived serves customers before it answers here.
            return {"revision": 0, "toggles": [], "replicas": []}
        return said

    def stages(self, at: str) -> set[tuple[str, int]]:
        return {
            (each["stage"], each["share"]) for each in self.status(at)["toggles"] if each["name"].startswith("catalog.")
        }

    def until_share(self, share: int, at: str) -> None:
        def there() -> bool:
            return any(stage == "extracted" or reached >= share for stage, reached in self.stages(at))

        until(there, seconds=120, every=0.1)

    def until_stages(self, wanted: tuple[str, int], *at: str) -> None:
        """Who made the last move has it at once, and the others as soon as they have heard of it."""
        until(lambda: all(self.stages(each) == {wanted} for each in at), seconds=60, every=0.1)

    def until_all_live(self, at: str) -> None:
        def whole() -> bool:
            status = self.status(at)
            told = {each["name"]: each for each in status["replicas"]}
            return len(told) == len(REPLICAS) and all(
                each["state"] == "live" and each["revision"] == status["revision"] for each in told.values()
            )

        until(whole, seconds=60, every=0.3)


def test_the_plan_reaches_extracted_though_a_replica_dies_in_every_phase_and_a_bad_release_comes_in_between(
    shop: ReplicaStack, customers: list[Customer]
) -> None:
    with ThreadPoolExecutor(1) as pool, httpx.Client(timeout=30) as looks:
        desk = Desk(shop, pool, looks)
        ready = desk.begin("--until catalog-reads.parity", BEA).result()
        assert ready.returncode == 0, ready.stdout + ready.stderr

        # Shadow: two replicas go on comparing.
        comparing = desk.begin("catalog-reads.shadow", BEA)
        until(lambda: ("shadow", 0) in desk.stages(CLEO), seconds=60, every=0.3)
        shop.kill(CLEO)
        compared = comparing.result()
        assert compared.returncode == 0, compared.stdout + compared.stderr
        shop.revive(CLEO)
        desk.until_all_live(CLEO)

        # Canary: the one that was there first, and leads, is gone; then a bad release comes.
        walking = desk.begin("catalog-reads.extracted", BEA)
        desk.until_share(25_000, BEA)
        shop.kill(ADA)
        desk.until_share(50_000, BEA)
        shop.release(PLANTED)
        walked = walking.result()
        assert walked.returncode == 1, walked.stdout + walked.stderr
        desk.until_stages(("shadow", 0), BEA, CLEO)
        shop.revive(ADA)
        desk.until_all_live(ADA)

        # Forward again, and another one is gone on the way.
        shop.release("fixed")
        again = desk.begin("catalog-reads.extracted", BEA)
        desk.until_share(50_000, BEA)
        shop.kill(CLEO)
        arrived = again.result()
        assert arrived.returncode == 0, arrived.stdout + arrived.stderr
        shop.revive(CLEO)
        for name in REPLICAS:
            desk.until_all_live(name)
            assert desk.stages(name) == {("extracted", 0)}

        # At rest: the one that the plan was followed at goes, and the way back is found at the others.
        shop.kill(BEA)
        back = shop.strangler(ADA, "back", "catalog.*", "--why", "showing the way back")
        assert back.returncode == 0, back.stdout + back.stderr
        desk.until_stages(("monolith", 0), CLEO)
        shop.revive(BEA)
        desk.until_all_live(BEA)

    said = json.loads(shop.strangler(CLEO, "history", "catalog.product-list", "--json").stdout)["entries"]
    by_rollout = [each for each in said if each["who"].startswith("strangler rollout")]
    assert [each for each in by_rollout if "back" in each["why"] and each["evidence"]]
    assert [wrong for each in customers for wrong in each.wrong] == []
    assert all(sum(each.asked[shop.at[name].url("shop")] for each in customers) for name in REPLICAS)
    assert sum(each.passed for each in customers)
