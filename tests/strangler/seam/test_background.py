from __future__ import annotations

import logging
import threading

import pytest

from strangler.seam.background import Background


def test_jobs_run_in_their_order_and_no_thread_starts_before_the_first() -> None:
    background = Background(threads=1, capacity=100, name="one")
    assert not any(thread.name == "one" for thread in threading.enumerate())
    done: list[int] = []
    for number in range(50):
        assert background.submit(lambda number=number: done.append(number))  # type: ignore[misc]
    assert background.drain(10)
    assert done == list(range(50))


def test_no_more_threads_start_than_are_needed_or_allowed() -> None:
    names: set[str] = set()
    background = Background(threads=3, capacity=100, name="three")
    for _ in range(5):
        background.submit(lambda: names.add(str(threading.get_ident())))
        assert background.drain(10)
    assert len(names) == 1
    go, running = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        running.release()
        assert go.wait(10)

    for _ in range(6):
        assert background.submit(hold)
    for _ in range(3):
        assert running.acquire(timeout=10)
    assert sum(thread.name == "three" for thread in threading.enumerate()) == 3
    go.set()
    assert background.drain(10)


def test_a_full_queue_refuses() -> None:
    go, running = threading.Event(), threading.Event()
    background = Background(threads=1, capacity=2, name="full")

    def hold() -> None:
        running.set()
        assert go.wait(10)

    assert background.submit(hold)
    assert running.wait(10)
    assert [background.submit(hold) for _ in range(4)] == [True, True, False, False]
    assert not background.drain(0)
    go.set()
    assert background.drain(10)


def test_a_job_that_fails_takes_no_thread_with_it(caplog: pytest.LogCaptureFixture) -> None:
    background = Background(threads=1, capacity=10, name="failing")
    done: list[int] = []

    def leave() -> None:
        raise SystemExit

    with caplog.at_level(logging.ERROR, "strangler.seam"):
        background.submit(leave)
        background.submit(lambda: done.append(1))
        assert background.drain(10)
    assert done == [1]
    assert "A job of failing failed." in caplog.text
