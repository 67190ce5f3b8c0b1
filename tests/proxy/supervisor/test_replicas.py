"""Three replicas in processes of their own over one PostgreSQL, and what becomes of them when one is killed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.proxy.supervisor.proxy import Proxy, children, is_running, kill, upstream
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def replicas(tmp_path: Path, postgres_url: str) -> Iterator[list[Proxy]]:
    with upstream("monolith") as monolith, upstream("catalog") as catalog, ThreadPoolExecutor(3) as pool:
        started: list[Proxy] = []
        try:
            for name in ("a", "b", "c"):
                proxy = Proxy(tmp_path / name)
                proxy.folder.mkdir()
                more = f'[store]\nurl = "{postgres_url}"\n'
                proxy.configure(monolith, catalog, workers=1, more=more)
                started.append(proxy)
                proxy.start()
            yield started
        finally:
            list(pool.map(Proxy.stop, started))


def killed(proxy: Proxy) -> None:
    """Kill a whole replica as a power cut does."""
    pids = [proxy.process.pid, *(pid for pid, _ in children(proxy.process.pid))]
    for pid in pids:
        kill(pid)
    proxy.process.wait()
    until(lambda: not any(is_running(pid) for pid in pids))


def states(proxy: Proxy) -> list[str]:
    return [each["state"] for each in proxy.status().get("replicas", ())]


def test_replicas_over_postgresql_move_together_and_one_that_is_killed_comes_back(replicas: list[Proxy]) -> None:
    a, b, c = replicas
    until(lambda: all(states(each) == ["live"] * 3 for each in replicas))
    names = {each.status()["replica"]["name"] for each in replicas}
    assert len(names) == 3
    c_name = c.status()["replica"]["name"]
    for number in range(20):
        outcome = replicas[number % 3].flip(("extracted", "monolith")[number % 2])
        assert len(outcome["acknowledged"]) == 3
        assert {each.get() for each in replicas} == {("catalog", "monolith")[number % 2]}

    # Three operators at once, each by another replica: one moves, the others are told.
    wanted = {"names": ["catalog.list"], "stage": "extracted", "why": "x", "force": True}
    wanted["expected_revision"] = outcome["revision"]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda each: each.api("POST", "/api/v1/flip", json=wanted), replicas))
    assert sorted(each.status_code for each in answers) == [200, 409, 409]
    assert len(a.flip("monolith")["acknowledged"]) == 3

    killed(c)
    waited = a.api(
        "POST",
        "/api/v1/flip",
        json={"names": ["catalog.list"], "stage": "extracted", "why": "x", "force": True, "wait_seconds": 0.5},
    ).json()
    # It has died just now: until it has not been heard of for some seconds it is waited for, and said to be missing.
    assert waited["missing"] == [f"{c_name}/0"]
    assert (a.get(), b.get()) == ("catalog", "catalog")
    until(lambda: "lost" in states(a) and "lost" in states(b))
    told = b.run("status")
    assert told.returncode == 1
    assert f"replica {c_name}: LOST" in told.stdout
    outcome = b.flip("monolith")
    assert (len(outcome["acknowledged"]), outcome["lost"]) == (2, [c_name])
    assert a.get() == "monolith"
    told = a.run("flip", "catalog.list", "extracted", "--force", "--why", "on")
    assert (told.returncode, f"Not waited for: replica {c_name}" in told.stdout) == (0, True)

    c.start()
    assert c.get() == "catalog"
    until(lambda: all(states(each) == ["live"] * 3 for each in replicas))
    assert len(c.flip("monolith")["acknowledged"]) == 3
    assert {each.get() for each in replicas} == {"monolith"}
    until(lambda: a.run("status").returncode == 0)

    assert b.stop() == 0
    until(lambda: states(a) == states(c) == ["live"] * 2)
    for each in replicas:
        assert "strangler:strangler" not in each.log.read_text()
