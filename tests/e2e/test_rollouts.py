"""Rollouts that walk by themselves on the running stack, with what may come in between."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from demo.releases import PLANTED
from demo.stack import Stack
from tests.e2e.conftest import Strangler
from tests.e2e.test_failures import _processes
from tests.e2e.test_flips import Browser
from tests.waiting import until

DETAIL = "catalog.product-detail"


class Stranger(Browser):
    """Somebody new with each request, so that customers are on both sides."""

    def _ask(self, client: httpx.Client, product: dict[str, Any]) -> None:
        client.cookies.clear()
        super()._ask(client, product)


@pytest.fixture
def strangers(stack: Stack) -> Iterator[list[Stranger]]:
    """Customers who come and go until the test is over."""
    url, enough = stack.addresses.url("shop"), threading.Event()
    products = httpx.get(f"{url}/api/v1/products/?page_size=40").json()["results"]
    browsers = [Stranger(url, products[number:] + products[:number], enough) for number in range(3)]
    for browser in browsers:
        browser.start()
    yield browsers
    enough.set()
    for browser in browsers:
        browser.join(30)


class Looking:
    """Looks at the one rollout again and again, faster than the command line could."""

    def __init__(self, stack: Stack) -> None:
        token = (stack.state / "control.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=stack.addresses.url("control"), headers=headers, timeout=30)

    def until(self, **wanted: Any) -> dict[str, Any]:
        """The rollout, once it is so."""
        return until(lambda: self._found(wanted), seconds=90, every=0.1)

    def close(self) -> None:
        self._http.close()

    def _found(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        try:
            rollouts = self._http.get("/api/v1/rollouts").json()["rollouts"]
        except httpx.HTTPError:
            # The control plane was killed.
            return None
        rollout: dict[str, Any] = next(each for each in rollouts if each["name"] == DETAIL)
        return rollout if wanted.items() <= {**rollout, "share": rollout["place"]["share"]}.items() else None


@pytest.fixture
def rollout(stack: Stack, at_monolith: None, strangler: Strangler) -> Iterator[Looking]:
    """A rollout that has just begun, of a route in shadow; it is over when the test is."""
    strangler("flip", DETAIL, "shadow", "--why", "a rollout begins there")
    strangler("rollout", "start", DETAIL, "--schedule", "shop", "--why", "it agrees")
    with closing(Looking(stack)) as looking:
        yield looking
        if looking.until()["state"] not in ("finished", "aborted"):
            strangler("rollout", "abort", DETAIL, "--why", "the test is over")
            looking.until(state="aborted")


def test_a_good_candidate_gets_everybody_by_itself_though_the_control_plane_is_killed_on_the_way(
    stack: Stack, strangler: Strangler, rollout: Looking, strangers: list[Stranger]
) -> None:
    rollout.until(share=50_000)
    [control] = _processes(stack.processes["proxy"].pid, b"control")
    os.kill(control, signal.SIGKILL)
    rollout.until(state="finished")
    stages = {each["name"]: each["stage"] for each in strangler("status")["toggles"]}
    assert stages[DETAIL] == "extracted"
    moves = [each for each in strangler("history", DETAIL)["entries"] if each["who"] == f"strangler rollout {DETAIL}"]
    assert [(each["to"]["stage"], each["to"]["share"]) for each in reversed(moves)][-3:] == [
        ("canary", 25_000),
        ("canary", 50_000),
        ("extracted", 0),
    ]
    assert {each["gate"] for each in moves[0]["evidence"]["gates"]} == {"agreement", "errors", "requests", "breaker"}
    assert [wrong for browser in strangers for wrong in browser.wrong] == []


@pytest.mark.usefixtures("strangers")
def test_a_planted_bug_is_taken_back_by_itself(stack: Stack, strangler: Strangler, rollout: Looking) -> None:
    rollout.until(share=25_000)
    stack.release(PLANTED)
    try:
        taken = rollout.until(state="stepped-back")
    finally:
        stack.release("")
    assert "differ" in taken["reason"]
    assert taken["failed"]
    assert {each["name"]: each["stage"] for each in strangler("status")["toggles"]}[DETAIL] == "shadow"
    assert strangler("rollout", "status", DETAIL, code=1)["rollouts"][0]["state"] == "stepped-back"
