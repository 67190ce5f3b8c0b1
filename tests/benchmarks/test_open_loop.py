"""The client at fixed rates: when requests are due, and from when a latency counts."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from benchmarks.open_loop import OpenLoopError, Timer, drive, schedule

ASKED = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"
STALL = 0.3
EPOLL = select.epoll


class Server:
    """Answers every request with `answer`, in `halves` or at once, after a stall before the very first one."""

    def __init__(self, answer: bytes, stall: float = 0.0) -> None:
        self.answer = answer
        self.stall = stall
        self.halves = True
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while connection.recv(65_536):
                self.asked += 1
                time.sleep(self.stall)
                self.stall = 0.0
                half = len(self.answer) // 2 if self.halves else 0
                connection.sendall(self.answer[:half])
                connection.sendall(self.answer[half:])


class AllAtOnce:
    """An epoll that tells of answers by twos only, as one finds them who was not running when the first one came."""

    def __init__(self) -> None:
        self._epoll = EPOLL()
        self._timer = -1

    def register(self, descriptor: int, events: int) -> None:
        if self._timer < 0:
            self._timer = descriptor
        self._epoll.register(descriptor, events)

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        while True:
            events = self._epoll.poll(timeout)
            if len([descriptor for descriptor, _ in events if descriptor != self._timer]) != 1:
                return events

    def close(self) -> None:
        self._epoll.close()


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server(ANSWER)
    yield serving
    serving.close()


def test_a_schedule_keeps_its_rate_and_is_the_same_for_the_same_seed() -> None:
    moments = schedule(1000, 10, seed=3)
    assert moments == schedule(1000, 10, seed=3) != schedule(1000, 10, seed=4)
    assert moments == sorted(moments)
    assert 0 <= moments[0] <= moments[-1] < 10e9
    assert 9_500 < len(moments) < 10_500


def test_every_request_is_sent_once_and_its_whole_answer_awaited(server: Server) -> None:
    moments = schedule(500, 0.3, seed=1)
    said = drive(server.port, moments, [ASKED] * len(moments), connections=4)
    assert said.count == server.asked == len(moments)
    assert 0 < said.p50 <= said.p99 <= said.most


def test_a_stall_is_charged_to_all_who_came_meanwhile(server: Server) -> None:
    server.stall = STALL
    moments = [number * 1_000_000 for number in range(20)]
    said = drive(server.port, moments, [ASKED] * 20, connections=1)
    # From the sending, only the first one took long; from when each was due, all did.
    assert said.p50 > (STALL - 0.02) * 1000


def test_a_request_is_sent_when_it_is_due_though_all_connections_were_in_use_and_came_back_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.halves = False
    monkeypatch.setattr(select, "epoll", AllAtOnce)
    moments = [0, 0, 200_000_000, 200_000_000]
    assert drive(server.port, moments, [ASKED] * 4, connections=2).count == server.asked == 4


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "answered 'HTTP/1.1 502 Bad Gateway'"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", "no length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc", "longer than it said"),
    ],
)
def test_an_answer_that_is_not_as_it_should_be_ends_the_measurement(server: Server, answer: bytes, why: str) -> None:
    server.answer = answer
    with pytest.raises(OpenLoopError, match=why):
        drive(server.port, [0], [ASKED], connections=1)


def test_a_timer_wakes_once_when_it_is_due() -> None:
    timer = Timer()
    try:
        assert select.select([timer.descriptor], [], [], 0)[0] == []
        due = time.monotonic_ns() + 5_000_000
        timer.wake_at(due)
        assert select.select([timer.descriptor], [], [], 10)[0] == [timer.descriptor]
        assert time.monotonic_ns() >= due
        timer.clear()
        assert select.select([timer.descriptor], [], [], 0)[0] == []
    finally:
        timer.close()
