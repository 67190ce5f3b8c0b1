"""A bounded queue with a few daemon threads: work that must never hold up whoever hands it over."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

from strangler.fork import renew_after_fork

__all__ = ["Background"]

_LOG: Final = logging.getLogger("strangler.seam")


class Background:
    """Runs jobs later. A full queue refuses, so that the caller can count; jobs must not raise.

    Daemon threads, started when first needed: a job that hangs does not keep the process alive.
    """

    def __init__(self, *, threads: int, capacity: int, name: str) -> None:
        self._most_threads = threads
        self._capacity = capacity
        self._name = name
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Start empty: the parent's threads are not here, and its jobs are its own."""
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._threads = 0
        self._idle = 0
        self._running = 0

    def submit(self, job: Callable[[], None]) -> bool:
        """Hand a job over: False when the queue is full, and the job is then forgotten.

        Raises RuntimeError where the system gives no first thread.
        """
        with self._changed:
            if len(self._jobs) >= self._capacity:
                return False
            if self._idle <= len(self._jobs) and self._threads < self._most_threads:
                self._start_thread()
            self._jobs.append(job)
            # All of them, as whoever drains waits on the same condition.
            self._changed.notify_all()
        return True

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads += 1

    def _work(self) -> None:
        changed, jobs = self._changed, self._jobs
        while True:
            with changed:
                self._idle += 1
                while not jobs:
                    changed.wait()
                self._idle -= 1
                job = jobs.popleft()
                self._running += 1
            try:
                job()
            except BaseException:
                _LOG.exception("A job of %s failed.", self._name)
            finally:
                del job
                with changed:
                    self._running -= 1
                    changed.notify_all()

    def drain(self, timeout: float) -> bool:
        """Wait until no job is left or running: whether that came within `timeout` seconds."""
        until = monotonic() + timeout
        with self._changed:
            while self._jobs or self._running:
                left = until - monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True
