"""Whoever may only look never keeps anybody from going back, however long what they look at takes."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from strangler_proxy.control.threads import Threads, looking

from strangler.testing import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import serving


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.shutdown()


def test_who_looks_for_long_makes_others_who_look_wait_and_nobody_else(threads: Threads) -> None:
    enough = threading.Event()
    try:
        with looking():
            slow = [threads.submit(enough.wait, 60) for _ in range(200)]
        assert threads.submit(lambda: "moved").result(30) == "moved"
        assert not any(each.done() for each in slow)
    finally:
        enough.set()
    assert all(each.result(30) for each in slow)


def test_what_is_begun_after_a_look_is_none(threads: Threads) -> None:
    with pytest.raises(ZeroDivisionError), looking():
        _ = 1 / 0
    assert threads.submit(_name).result(30).startswith("control")


def test_reads_of_the_api_are_looks_and_moves_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toggles = MemoryToggleStore()
    control = plane(tmp_path, toggles, workers=0)
    evidence, where = control.evidence.store, defaultdict[str, set[str]](set)

    def noted(store: Any, method: str) -> None:
        real = getattr(store, method)

        def called(*given: Any, **named: Any) -> Any:
            where[method].add(_name().partition("_")[0])
            return real(*given, **named)

        monkeypatch.setattr(store, method, called)

    with serving(control) as client:
        noted(evidence, "scopes")
        noted(toggles, "commit")
        assert client.get("/api/v1/differences").status_code == 200
        asked = {"names": ["catalog.list"], "stage": "shadow", "why": "compare", "wait_seconds": 0}
        assert client.post("/api/v1/flip", json=asked).status_code == 200
    # What the control plane looks after by itself may read it too.
    assert "looking" in where["scopes"]
    assert where["commit"] == {"control"}


def _name() -> str:
    return threading.current_thread().name
