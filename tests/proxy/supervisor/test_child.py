from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator

import pytest
from strangler_proxy.child import Child, restart_delay

from tests.waiting import until


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_the_first_restart_is_at_once_and_later_ones_wait_longer_up_to_five_seconds() -> None:
    delays = [restart_delay(deaths) for deaths in range(1, 12)]
    assert delays[0] == 0
    assert delays == sorted(delays)
    assert 0 < delays[1] < 1
    assert delays[-1] == 5
    assert restart_delay(10**9) == 5


def test_what_cannot_be_started_is_tried_again_later(listening: socket.socket) -> None:
    child = Child("worker 0", ("worker",), [listening])
    child.start_if_due(["/nowhere/python"])
    assert (child.process, child.deaths) == (None, 1)
    child.start_if_due(["/nowhere/python"])
    assert child.deaths == 2
    assert child.due > time.monotonic()
    child.start_if_due(["/nowhere/python"])
    assert child.deaths == 2


def test_a_death_soon_after_the_start_counts_and_a_later_one_starts_anew(listening: socket.socket) -> None:
    child = Child("worker 0", ("worker",), [listening])
    for deaths in (1, 2):
        child.due = 0
        child.start_if_due([sys.executable, "-c", "raise SystemExit(7)"])
        until(child.has_died)
        assert (child.process, child.deaths) == (None, deaths)
        assert not child.has_died()
    child.due = 0
    child.start_if_due([sys.executable, "-c", ""])
    child.began -= 60
    until(child.has_died)
    assert child.deaths == 1


def test_one_that_leaves_frees_its_place_at_once_and_does_not_count_as_dead(listening: socket.socket) -> None:
    child = Child("worker 0", ("worker",), [listening])
    leaving = [sys.executable, "-c", "import os, sys; tie = int(sys.argv[-1]); os.write(tie, b'l'); os.read(tie, 1)"]
    child.start_if_due(leaving)
    until(child.has_left)
    assert (child.process, child.deaths, len(child.leaving)) == (None, 0, 1)
    child.start_if_due([sys.executable, "-c", ""])
    assert child.process is not None
    until(child.has_died)
    until(lambda: not child.has_left() and not child.leaving)


def test_a_tie_that_breaks_without_a_word_is_a_death(listening: socket.socket) -> None:
    child = Child("worker 0", ("worker",), [listening])
    child.start_if_due([sys.executable, "-c", ""])
    until(lambda: not child.has_left() and child.tie is None)
    assert child.process is not None
    until(child.has_died)
    assert child.deaths == 1
