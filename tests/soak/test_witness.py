from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.soak.scene import Scene
from tests.soak.witness import STILL, Measurement, read, seconds_of, standstills, waited
from tests.waiting import until


def spent(what: str, began: float, ended: float) -> Measurement:
    return Measurement(what, began, ended, ended - began)


def test_only_what_took_very_long_is_a_standstill() -> None:
    short = [spent("sleep", 1.0, 1.002), spent("answer", 2.0, 2.0 + STILL - 0.01)]
    long = [spent("sleep", 3.0, 3.0 + STILL), spent("answer", 5.0, 9.0)]
    assert standstills([*short, *long], now=9.1) == long


def test_an_upstream_that_waited_for_its_turn_most_of_the_time_starved() -> None:
    half, most = Measurement("turn", 1.0, 2.2, 0.6), Measurement("turn", 2.2, 3.4, 1.0)
    assert standstills([half, most], now=3.4) == [most]


def test_a_measurement_that_has_not_ended_is_a_standstill_too() -> None:
    [still] = standstills([spent("sleep", 1.0, 1.0)], now=5.0)
    assert (still.what, still.ended) == ("nothing", 5.0)
    assert 1.0 < still.began < 1.5


def test_what_overlaps_is_counted_once() -> None:
    spans = [(1.0, 4.0), (2.0, 3.0), (3.5, 5.0), (7.0, 8.0)]
    assert seconds_of(spent("sleep", *span) for span in spans) == 5.0
    assert seconds_of([]) == 0.0


def test_what_was_measured_is_read_in_the_runs_own_seconds_up_to_the_last_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "measurements"
    assert read(path, 100.0) == []
    path.write_text("sleep 101.5000 101.7500 0.2500\nturn 102.0000 103.0000 0.5000\nsleep 104.0000 10")
    assert read(path, 100.0) == [Measurement("sleep", 1.5, 1.75, 0.25), Measurement("turn", 2.0, 3.0, 0.5)]


@pytest.mark.slow
def test_who_shares_a_processor_with_many_is_seen_to_wait_for_it() -> None:
    core = {min(os.sched_getaffinity(0))}
    command = [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {core})\nwhile True: pass"]
    spinning = [subprocess.Popen(command) for _ in range(3)]
    try:
        assert until(lambda: (waited(spinning[0].pid) or 0.0) > 0.2)
        assert waited(2**22 + 1) is None
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.slow
def test_the_witness_sees_an_upstream_starve_and_nothing_of_the_proxy(scene: Scene) -> None:
    try:
        scene.start()
        proxy = [pid for role, pid in scene.pids().items() if role not in scene.upstreams]
        for pid in (*proxy, *(process.pid for process in scene.upstreams.values())):
            os.kill(pid, signal.SIGSTOP)
        before = len(scene.measurements(0.0))
        # With everything stopped that it is to watch over, it goes on measuring: it asks none of them.
        until(lambda: len(scene.measurements(0.0)) > before + 10)
        until(lambda: [each.what for each in scene.measurements(0.0)].count("turn") >= len(scene.upstreams))
        for pid in (*proxy, *(process.pid for process in scene.upstreams.values())):
            os.kill(pid, signal.SIGCONT)
        assert str(scene.witness_port) not in (scene.folder / "strangler.toml").read_text()
        own = scene.beside["witness upstream"].pid
        os.kill(own, signal.SIGSTOP)
        began = time.monotonic()
        until(lambda: any(each.what == "nothing" for each in standstills(scene.measurements(0.0), time.monotonic())))
        os.kill(own, signal.SIGCONT)
        until(lambda: any(each.began <= began + STILL < each.ended for each in standstills(scene.measurements(0.0), 0)))
    finally:
        scene.stop()


@pytest.mark.slow
def test_everything_runs_at_the_priority_of_whoever_runs_the_soak(scene: Scene) -> None:
    try:
        scene.start()
        pids = {**scene.pids(), **{name: process.pid for name, process in scene.beside.items()}}
        nice = {role: os.getpriority(os.PRIO_PROCESS, pid) for role, pid in pids.items()}
        # A comparer stands behind customers' requests by itself.
        assert nice.pop("comparer") > os.getpriority(os.PRIO_PROCESS, 0)
        assert set(nice.values()) == {os.getpriority(os.PRIO_PROCESS, 0)}, nice
        assert {"supervisor", "control", "worker 0", "worker 1", "monolith", "catalog", "witness"} <= nice.keys()
    finally:
        scene.stop()
