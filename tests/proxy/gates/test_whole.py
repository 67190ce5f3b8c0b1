"""Gates of a whole proxy: a flip that waits for evidence, and a candidate that fails its customers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.proxy.supervisor.proxy import Proxy, upstream

pytestmark = pytest.mark.slow

GATES = """
[shadow]
lag = "0s"
[gates.canary]
agreement = 0.9
requests = 40
breaker = "never open"
"""


@pytest.fixture
def candidate() -> Iterator[tuple[int, ExitStack]]:
    """A service that answers as the monolith does, and what stops it."""
    with ExitStack() as running:
        yield running.enter_context(upstream("shop")), running


@pytest.fixture
def proxy(tmp_path: Path, candidate: tuple[int, ExitStack]) -> Iterator[Proxy]:
    with upstream("shop") as monolith:
        made = Proxy(tmp_path)
        made.configure(monolith, candidate[0], workers=1, more=GATES)
        made.start()
        try:
            yield made
        finally:
            made.stop()


def test_a_flip_waits_for_its_gates_and_a_candidate_that_fails_its_customers_fails_its_own(
    proxy: Proxy, candidate: tuple[int, ExitStack]
) -> None:
    proxy.flip("shadow", force=False)
    canary = ("flip", "catalog.list", "canary", "--share", "50%", "--why", "ready")
    refused = proxy.run(*canary)
    assert refused.returncode == 2
    assert "catalog.list may not enter `canary` before its gates pass. agreement (inconclusive)" in refused.stderr
    assert {proxy.get(f"/products/?page={number}") for number in range(60)} == {"shop"}
    watched = proxy.run("gate", "catalog.list", "--watch", "--timeout", "60s")
    assert watched.returncode == 0, watched.stdout + watched.stderr
    assert proxy.run(*canary).returncode == 0

    candidate[1].close()
    # Nobody notices, but the windows do.
    assert {proxy.get(f"/products/?page={number}") for number in range(120)} == {"shop"}
    failed = proxy.run("gate", "catalog.list", "--errors", "0.005", "--watch", "--timeout", "60s")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "surely more, and at most 0.5 % more is allowed." in failed.stdout
    assert proxy.run("gate", "catalog.list", "--breaker").returncode == 1
