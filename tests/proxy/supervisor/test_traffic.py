"""What customers of several replicas got, in the one store of evidence that they share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxy.supervisor.proxy import Proxy, upstream
from tests.waiting import until

pytestmark = pytest.mark.slow

NOBODY = 1
"""A port on which nobody listens."""


@pytest.fixture
def replicas(tmp_path: Path, postgres_url: str) -> Iterator[list[Proxy]]:
    with upstream("monolith") as monolith:
        started: list[Proxy] = []
        try:
            for name in ("a", "b"):
                proxy = Proxy(tmp_path / name)
                proxy.folder.mkdir()
                proxy.configure(monolith, NOBODY, workers=1, more=f'[store]\nurl = "{postgres_url}"\n')
                started.append(proxy)
                proxy.start()
            yield started
        finally:
            for proxy in started:
                proxy.stop()


def counted(proxy: Proxy) -> dict[tuple[str, str], list[int]]:
    """By side and stage: requests, errors and fallbacks."""
    found: dict[tuple[str, str], list[int]] = {}
    for each in proxy.api("GET", "/api/v1/traffic", params={"route": "catalog.list"}).json()["windows"]:
        sums = found.setdefault((each["side"], each["stage"]), [0, 0, 0])
        sums[:] = [sums[0] + each["requests"], sums[1] + each["errors"], sums[2] + each["fallbacks"]]
    return found


def test_each_replica_tells_what_the_customers_of_all_got(replicas: list[Proxy]) -> None:
    for number, proxy in enumerate(replicas):
        assert {proxy.get() for _ in range(3 + number)} == {"monolith"}
    until(lambda: counted(replicas[0]) == counted(replicas[1]) == {("monolith", "monolith"): [7, 0, 0]})
    replicas[0].flip("extracted")
    # The candidate is not there: customers do not notice, and it is the candidate's failure all the same.
    for proxy in replicas:
        assert {proxy.get() for _ in range(5)} == {"monolith"}
    expected = {("monolith", "monolith"): [7, 0, 0], ("candidate", "extracted"): [10, 10, 10]}
    until(lambda: counted(replicas[0]) == counted(replicas[1]) == expected)
    told = replicas[1].api("GET", "/api/v1/traffic", params={"route": "catalog.list"}).json()
    # Each worker's breaker has opened.
    assert sum(each["count"] for each in told["opened"] if each["upstream"] == "catalog") >= 1
    replicas[0].api("POST", "/api/v1/evidence/clear", json={"names": ["catalog.list"], "why": "anew"})
    assert counted(replicas[1]) == expected
    assert not (replicas[0].folder / ".strangler" / "evidence.db").exists()
