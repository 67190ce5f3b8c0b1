"""What customers see when a part of the stack dies: nothing, where the monolith can answer."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.stack import Stack
from tests.e2e.conftest import Strangler
from tests.e2e.test_flips import Browser
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("at_monolith")


def test_killing_the_extracted_service_shows_customers_no_error_on_safe_requests(
    stack: Stack, strangler: Strangler
) -> None:
    strangler("flip", "catalog.*", "extracted", "--force", "--why", "the service answers all")
    url, enough = stack.addresses.url("shop"), threading.Event()
    products = httpx.get(f"{url}/api/v1/products/?page_size=20").json()["results"]
    browsers = [Browser(url, products, enough) for _ in range(8)]
    for browser in browsers:
        browser.start()
    until(lambda: all(browser.asked > 10 for browser in browsers))
    part = next(part for part in stack.parts() if part.name == "catalog")
    stack.stop_part("catalog", by=signal.SIGKILL)
    try:
        seen = [browser.asked for browser in browsers]
        until(lambda: all(browser.asked > count + 20 for browser, count in zip(browsers, seen, strict=True)))
    finally:
        enough.set()
        for browser in browsers:
            browser.join(30)
        stack.start_part(part)
    assert [wrong for browser in browsers for wrong in browser.wrong] == []
    assert until(lambda: sum(row["fallbacks"] for row in strangler("status")["traffic"])) > 0


def test_killing_the_control_plane_stops_no_traffic_and_the_supervisor_brings_it_back(
    stack: Stack, strangler: Strangler
) -> None:
    strangler("flip", "catalog.*", "extracted", "--force", "--why", "before the control plane dies")
    revision = strangler("status")["revision"]
    url = stack.addresses.url("shop")
    [control] = _processes(stack.processes["proxy"].pid, b"control")
    os.kill(control, signal.SIGKILL)
    for _ in range(50):
        assert httpx.get(f"{url}/api/v1/categories/").status_code == 200
    until(lambda: _alive(stack))
    status = until(lambda: _when_all_live(strangler))
    assert status["revision"] == revision
    assert _processes(stack.processes["proxy"].pid, b"control") != [control]


def test_losing_the_store_stops_no_traffic_and_is_told(stack: Stack, strangler: Strangler) -> None:
    strangler("flip", "catalog.*", "extracted", "--force", "--why", "before the store is gone")
    store, aside = stack.state / "store.db", stack.state / "aside.db"
    for suffix in ("", "-wal", "-shm"):
        path = store.with_name(store.name + suffix)
        if path.exists():
            path.rename(aside.with_name(aside.name + suffix))
    store.mkdir()  # what a path that cannot be opened looks like
    try:
        url = stack.addresses.url("shop")
        for _ in range(20):
            assert httpx.get(f"{url}/api/v1/categories/").status_code == 200
        status = until(lambda: _status_with_store(strangler, ok=False))
        assert status["store"]["error"]
        assert {toggle["stage"] for toggle in status["toggles"] if toggle["kind"] == "route"} >= {"extracted"}
    finally:
        store.rmdir()
        for suffix in ("", "-wal", "-shm"):
            path = aside.with_name(aside.name + suffix)
            if path.exists():
                path.rename(store.with_name(store.name + suffix))
    until(lambda: _status_with_store(strangler, ok=True))


def _alive(stack: Stack) -> bool:
    try:
        return httpx.get(f"{stack.addresses.url('control')}/health/live").status_code == 200
    except httpx.HTTPError:
        return False


def _when_all_live(strangler: Strangler) -> dict[str, Any] | None:
    try:
        status = strangler("status")
    except AssertionError:
        return None
    return status if status["live"] == "2/2" else None


def _status_with_store(strangler: Strangler, *, ok: bool) -> dict[str, Any] | None:
    try:
        status = strangler("status", code=0 if ok else 1)
    except AssertionError:
        return None
    return status if status["store"]["ok"] is ok else None


def _processes(parent: int, word: bytes) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            stat, command = (entry / "stat").read_text(), (entry / "cmdline").read_bytes()
        except (OSError, NotADirectoryError):
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent and word in command.split(b"\0"):
            found.append(int(entry.name))
    return found
