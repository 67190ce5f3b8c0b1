"""Load at a fixed rate, whatever the peer does: `python -m benchmarks.open_loop PORT --rate 1000`.

Requests come at random moments (Poisson) that are drawn beforehand, the same ones for every peer. A latency counts from
the moment at which the request was due, also where it had to wait for a free connection: a peer that stalls is charged
for everybody who would have come meanwhile (no coordinated omission). One thread on epoll and a timer of the kernel's.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from time import monotonic_ns

from benchmarks.measured import percentile
from benchmarks.processes import LOAD_CORES
from benchmarks.traffic import GETS, requests

__all__ = ["OpenLoopError", "Paced", "Timer", "drive", "main", "run", "schedule"]

CONNECTIONS = 64
_ROOT = Path(__file__).resolve().parents[1]
# Twice in a row: a machine that stood still makes everybody late at once, and that is nobody's answer missing.
_PATIENCE = 5.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_MONOTONIC, _NONBLOCK, _ABSOLUTE = 1, 0o4000, 1


class OpenLoopError(RuntimeError):
    """The peer did not answer as it should: no 200, no length, a closed connection, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Paced:
    """What a fixed rate came to: the requests answered, and latencies in ms from when each was due.

    `late99` is by how many ms the client itself was late to send, at its 99th percentile; with all connections in use
    that is the peer's fault, else the client's.
    """

    count: int
    rate: float
    p50: float
    p99: float
    most: float
    late99: float


class Timer:
    """A timer of the kernel's that wakes epoll at a moment of the monotonic clock, to the microsecond."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor: int = self._libc.timerfd_create(_MONOTONIC, _NONBLOCK)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = ctypes.create_string_buffer(32)
        self._reference = ctypes.byref(self._spec)

    def wake_at(self, nanoseconds: int) -> None:
        """Make the descriptor readable at that moment, at once when it is past."""
        struct.pack_into("@qqqq", self._spec, 0, 0, 0, *divmod(nanoseconds, 1_000_000_000))
        self._libc.timerfd_settime(self.descriptor, _ABSOLUTE, self._reference, None)

    def clear(self) -> None:
        """Take note of the waking."""
        try:
            os.read(self.descriptor, 8)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give it back to the kernel."""
        os.close(self.descriptor)


def schedule(rate: float, seconds: float, seed: int) -> list[int]:
    """When requests are due, in ns from the start: a Poisson process, the same for the same seed."""
    chance = random.Random(seed)
    moments: list[int] = []
    now = 0.0
    while True:
        now += chance.expovariate(rate)
        if now >= seconds:
            return moments
        moments.append(int(now * 1e9))


class _Connection:
    """One keep-alive connection: whose answer it waits for, and what of it is still to come."""

    __slots__ = ("due", "missing", "received", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.due = 0
        self.received = b""
        self.missing = -1

    def read(self) -> bool:
        """Take in what has come; True once the answer is whole."""
        data = self.socket.recv(262_144)
        if not data:
            raise OpenLoopError("a connection was closed before its answer")
        if self.missing >= 0:
            self.missing -= len(data)
        else:
            self.received += data
            end = self.received.find(_HEAD_END)
            if end < 0:
                return False
            self.missing = end + 4 + _length(self.received[:end]) - len(self.received)
            self.received = b""
        if self.missing < 0:
            raise OpenLoopError("an answer is longer than it said")
        if self.missing:
            return False
        self.missing = -1
        return True


def _length(head: bytes) -> int:
    if not head.startswith(b"HTTP/1.1 200"):
        line = head.partition(b"\r\n")[0].decode("latin-1")
        raise OpenLoopError(f"answered {line!r}")
    at = head.lower().find(_LENGTH)
    if at < 0:
        raise OpenLoopError(f"an answer has no length: {head!r}")
    return int(head[at + len(_LENGTH) :].partition(b"\r\n")[0])


def drive(port: int, moments: Sequence[int], asked: Sequence[bytes], *, connections: int = CONNECTIONS) -> Paced:
    """Send each request when it is due, over whichever connection is free, and wait for all answers."""
    timer, poll = Timer(), select.epoll()
    poll.register(timer.descriptor, select.EPOLLIN)
    every = {each.socket.fileno(): each for each in (_Connection(port) for _ in range(connections))}
    for descriptor in every:
        poll.register(descriptor, select.EPOLLIN)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        return _loop(timer, poll, every, moments, asked)
    finally:
        gc.enable()
        poll.close()
        timer.close()
        for each in every.values():
            each.socket.close()


def _loop(
    timer: Timer, poll: select.epoll, every: dict[int, _Connection], moments: Sequence[int], asked: Sequence[bytes]
) -> Paced:
    free = deque(every.values())
    latencies: list[int] = []
    late: list[int] = []
    # `armed` is the request that the timer is set for: it rings once, and has to be set anew for the next.
    total, sent, armed = len(moments), 0, 0
    began = monotonic_ns() + 50_000_000
    timer.wake_at(began + moments[0])
    while len(latencies) < total:
        events = poll.poll(_PATIENCE) or poll.poll(_PATIENCE)
        if not events:
            raise OpenLoopError(
                f"no answer for {2 * _PATIENCE:.0f} s to {sent - len(latencies)} requests, {total - sent} not sent yet"
            )
        for descriptor, _ in events:
            if descriptor == timer.descriptor:
                timer.clear()
                armed = -1
                continue
            connection = every[descriptor]
            if connection.read():
                latencies.append(monotonic_ns() - connection.due)
                free.append(connection)
        while sent < total and free and began + moments[sent] <= (now := monotonic_ns()):
            connection = free.popleft()
            connection.due = began + moments[sent]
            connection.socket.send(asked[sent])
            late.append(now - connection.due)
            sent += 1
        if sent < total and free and armed != sent:
            timer.wake_at(began + moments[sent])
            armed = sent
    took = (monotonic_ns() - began) / 1e9
    latencies.sort()
    late.sort()
    return Paced(
        total,
        total / took,
        percentile(latencies, 0.5) / 1e6,
        percentile(latencies, 0.99) / 1e6,
        latencies[-1] / 1e6,
        percentile(late, 0.99) / 1e6,
    )


def run(port: int, *, rate: float, seconds: float, routes: int, connections: int = CONNECTIONS, seed: int = 1) -> Paced:
    """The same in a process of its own, on the cores that are for the load; raises OpenLoopError."""
    command = [
        *(sys.executable, "-m", "benchmarks.open_loop", str(port), "--rate", str(rate), "--seconds", str(seconds)),
        *("--routes", str(routes), "--connections", str(connections), "--seed", str(seed)),
    ]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OpenLoopError(done.stderr.strip().rpartition("\n")[2])
    return Paced(**json.loads(done.stdout))


def main() -> int:
    """Print what a fixed rate came to, as JSON."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("port", type=int)
    arguments.add_argument("--rate", type=float, default=1000)
    arguments.add_argument("--seconds", type=float, default=2)
    arguments.add_argument("--routes", type=int, default=1)
    arguments.add_argument("--connections", type=int, default=CONNECTIONS)
    arguments.add_argument("--seed", type=int, default=1)
    said = arguments.parse_args()
    os.sched_setaffinity(0, LOAD_CORES)
    moments = schedule(said.rate, said.seconds, said.seed)
    asked = list(islice(requests(GETS[1], said.routes), len(moments)))
    print(json.dumps(asdict(drive(said.port, moments, asked, connections=said.connections))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
