"""How much memory a worker takes: with many idle connections, and while very large bodies pass through it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice

from benchmarks.bars import Bar
from benchmarks.memory import forget_peak, peak, resident
from benchmarks.pace import Pace
from benchmarks.peers import start_peers
from benchmarks.peers.site import ROUTES, Serving, Site
from benchmarks.peers.strangler import COMPILED, NAME, judged
from benchmarks.processes import cpu_seconds, tree, worker, workplace
from benchmarks.streams import MIB, PAUSE, SIZE, Streams
from benchmarks.throughput import one_round
from benchmarks.traffic import GETS, requests, write_script
from benchmarks.upstream import start_upstream

__all__ = ["idle", "large"]

IDLE = 1000
IDLE_MIB = 80
GROWTH_MIB = 8
_NAMES = (NAME, "nginx", "HAProxy", "Envoy", "Caddy")


def idle(pace: Pace) -> list[Bar]:
    """The peak of a worker that has served full load and then keeps idle connections; the bar is on ours."""
    bars = []
    print(f"Peak memory of a worker with {IDLE:,} idle connections, after full load over 32")
    with ExitStack() as stack:
        folder = workplace(stack)
        script = write_script(folder, GETS[1], ROUTES)
        for peer in start_peers(stack, Site(folder, start_upstream(stack, folder).port), _NAMES):
            before = tree(peer.pid)
            one_round(peer, script, connections=32, seconds=pace.seconds(2))
            pid = worker(peer.pid, before)
            after_load = peak(pid)
            with ExitStack() as connections:
                for request in islice(requests(GETS[1], ROUTES), IDLE):
                    _ask(connections.enter_context(_connected(peer)), request)
                most = peak(pid)
            print(f"{peer.name:<20}{most:>8.1f} MiB, {after_load:.1f} before the idle connections")
            if peer.name in {NAME, COMPILED}:
                binding = peer.name == judged()
                bars.append(
                    Bar(f"{IDLE:,} idle connections, {peer.name}", most, IDLE_MIB, "MiB", binding=binding, strict=True)
                )
    return bars


@dataclass(frozen=True, slots=True)
class _Passed:
    """What one very large body came to: MiB a second, ms of processor time a MiB, and a worker's MiB of memory: by how
    much it grew, and its peak."""

    rate: float
    cpu: float
    growth: float
    peak: float


def large(pace: Pace) -> list[Bar]:
    """How far a worker's peak rises above what it had before, while 256 MiB go up and come down; the bar is on ours."""
    bars = []
    size = SIZE // 16 if pace.quick else SIZE
    up: dict[str, _Passed] = {}
    down: dict[str, _Passed] = {}
    with ExitStack() as stack:
        folder = workplace(stack)
        upstream = Streams()
        stack.callback(upstream.close)
        script = write_script(folder, GETS[1], ROUTES)
        for peer in start_peers(stack, Site(folder, upstream.port)):
            before = tree(peer.pid)
            one_round(peer, script, connections=32, seconds=1)
            pid = worker(peer.pid, before)
            up[peer.name] = _passed(peer, pid, size, partial(_upload, peer, size))
            down[peer.name] = _passed(peer, pid, SIZE, partial(_download, peer))
    for direction, bytes_sent, seen in (("up", size, up), ("down", SIZE, down)):
        print(f"A body of {bytes_sent // MIB} MiB {direction}, the receiving side slower than the sending one")
        print(_table(seen), flush=True)
        for name in (NAME, COMPILED):
            if name in seen:
                title = f"{SIZE // MIB} MiB {direction}, {name}: growth"
                bars.append(Bar(title, seen[name].growth, GROWTH_MIB, "MiB", binding=name == judged(), strict=True))
    return bars


def _passed(peer: Serving, pid: int, size: int, passing: Callable[[], None]) -> _Passed:
    forget_peak(pid)
    before, used, began = resident(pid), cpu_seconds(peer.pid), time.monotonic()
    passing()
    took, most = time.monotonic() - began, peak(pid)
    return _Passed(size / MIB / took, (cpu_seconds(peer.pid) - used) * 1000 / (size / MIB), most - before, most)


def _table(seen: Mapping[str, _Passed]) -> str:
    """A line a peer; the ratio is its processor time to ours."""
    heads: Sequence[str] = ("MiB/s", "CPU ms/MiB", "CPU ratio", "growth MiB", "peak MiB")
    lines = [f"{'':<20}" + "".join(f"{head:>12}" for head in heads)]
    ours = seen[judged()].cpu
    for name, each in seen.items():
        ratio = each.cpu / ours if ours else 0.0
        lines.append(
            f"{name:<20}{each.rate:>12.1f}{each.cpu:>12.2f}{ratio:>12.2f}{each.growth:>12.1f}{each.peak:>12.1f}"
        )
    return "\n".join(lines)


def _connected(peer: Serving) -> socket.socket:
    return socket.create_connection(("127.0.0.1", peer.port), timeout=30)


def _ask(connection: socket.socket, request: bytes) -> int:
    """Send a request and read the head of its answer, with what comes along; how many bytes of the body came along."""
    connection.sendall(request)
    return _head(connection)


def _head(connection: socket.socket) -> int:
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65_536)
        if not data:
            raise RuntimeError(f"closed in the middle of an answer's head: {received!r}")
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"answered {head.partition(bytes([13]))[0]!r}")
    return len(body)


def _upload(peer: Serving, size: int) -> None:
    with _connected(peer) as connection:
        connection.sendall(
            b"POST /api/v1/c1/uploads/1/ HTTP/1.1\r\nHost: shop.example.com\r\nContent-Type: image/tiff\r\n"
            b"Content-Length: %d\r\n\r\n" % size
        )
        for _ in range(size // MIB):
            connection.sendall(bytes(MIB))
        _head(connection)


def _download(peer: Serving) -> None:
    with _connected(peer) as connection:
        came = _ask(connection, b"GET /api/v1/c1/large/1/ HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
        read = 0
        while came < SIZE:
            data = connection.recv(262_144)
            if not data:
                raise RuntimeError(f"the answer ended after {came} of {SIZE} bytes")
            came += len(data)
            read += len(data)
            if read >= MIB:
                read = 0
                time.sleep(PAUSE)
