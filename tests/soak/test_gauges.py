from __future__ import annotations

import os
import socket
import subprocess
from dataclasses import replace

import pytest

from tests.soak.gauges import Gauge, client_ports, growth, measured, slope

MIB = 1 << 20
IDLE = Gauge(pid=1, born=1, at=0.0, rss=50 * MIB, descriptors=12, sockets=6, threads=2)


@pytest.mark.parametrize(
    "grown",
    [{"rss": 80 * MIB}, {"descriptors": 20}, {"sockets": 12}, {"threads": 9}],
    ids=lambda grown: next(iter(grown)),
)
def test_whatever_grows_is_told(grown: dict[str, int]) -> None:
    now = replace(IDLE, **grown)
    assert len(growth({"worker 0": IDLE}, {"worker 0": now})) == 1
    assert growth({"worker 0": IDLE}, {"worker 0": IDLE}) == []


def test_memory_that_rises_steadily_over_a_long_life_is_told() -> None:
    def lives(mib_an_hour: float, seconds: int) -> list[Gauge]:
        return [
            replace(IDLE, at=float(at), rss=IDLE.rss + int(mib_an_hour * MIB * at / 3600))
            for at in range(0, seconds, 5)
        ]

    assert "grows by 20.0 MiB an hour" in slope("worker 0", lives(20, 1200))
    assert slope("worker 0", lives(2, 1200)) == ""
    assert slope("worker 0", lives(200, 300)) == ""


def test_one_step_is_no_growth_and_steps_that_go_on_are() -> None:
    def lives(*steps: int) -> list[Gauge]:
        """Twenty minutes with a MiB more from each of those seconds on."""
        return [
            replace(IDLE, at=float(at), rss=IDLE.rss + MIB * sum(at >= step for step in steps))
            for at in range(0, 1201, 5)
        ]

    for step in range(0, 1201, 40):
        assert slope("control", lives(step)) == ""
    assert slope("control", lives(*range(0, 1201, 120)))


def test_a_process_is_measured_with_its_connections() -> None:
    before = measured(os.getpid(), 0.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            with accepted:
                now = measured(os.getpid(), 1.0)
                assert client_ports(os.getpid(), port) == {client.getsockname()[1]}
    assert before is not None
    assert now is not None
    assert now.sockets == before.sockets + 3
    assert now.rss > 0
    assert now.born == before.born


def test_a_process_that_started_later_under_the_same_number_is_another_one() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        try:
            now, own = measured(child.pid, 0.0), measured(os.getpid(), 0.0)
        finally:
            child.kill()
    assert now is not None
    assert own is not None
    assert own.born < now.born


def test_a_process_that_is_gone_has_no_measure() -> None:
    assert measured(2**22 + 1, 0.0) is None
