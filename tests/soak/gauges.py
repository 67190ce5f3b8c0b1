"""What the processes hold: memory, descriptors, connections and threads, read from /proc; and what counts as growth."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Gauge", "client_ports", "growth", "measured", "slope"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_ESTABLISHED = "01"
# What a process may hold more than after the warm-up: the store's or a log's own file, opened anew.
_DESCRIPTORS = 3
_THREADS = 4
_MIB = 1 << 20
_GROWTH = 24 * _MIB
# Our own upstreams hold whole bodies at times, and what they had is not all given back to the system.
_GROWTH_UPSTREAM = 96 * _MIB
_UPSTREAMS = frozenset({"monolith", "catalog"})
_SLOPE = 8 * _MIB / 3600
# A slope is only told of what lived this long.
_LONG = 600.0


@dataclass(frozen=True, slots=True)
class Gauge:
    """One process at one time: `rss` in bytes, the others counted. `born` is when it started, in the kernel's ticks: a
    number of a process comes again."""

    pid: int
    born: int
    at: float
    rss: int
    descriptors: int
    sockets: int
    threads: int


def measured(pid: int, at: float) -> Gauge | None:
    """What a process holds now; None when it is gone."""
    proc = Path("/proc") / str(pid)
    try:
        rss = int((proc / "statm").read_text().split()[1]) * _PAGE
        links = _links(proc)
        threads = len(list((proc / "task").iterdir()))
        born = int((proc / "stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, IndexError):
        return None
    return Gauge(pid, born, at, rss, len(links), sum(link.startswith("socket:") for link in links), threads)


def client_ports(pid: int, port: int) -> frozenset[int]:
    """The other ends' ports of the connections to `port` that a process holds. It must be stopped, or they change."""
    inodes = {link.removeprefix("socket:[").removesuffix("]") for link in _links(Path("/proc") / str(pid))}
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].partition(":")[2], 16) == port and fields[9] in inodes:
            found.add(int(fields[2].partition(":")[2], 16))
    return frozenset(found - {0})


def _links(proc: Path) -> list[str]:
    links = []
    for each in (proc / "fd").iterdir():
        # One may be closed between the two looks.
        with suppress(OSError):
            links.append(str(each.readlink()))
    return links


def growth(before: Mapping[str, Gauge], after: Mapping[str, Gauge]) -> list[str]:
    """What is held after the run, with nobody asking, beyond what was held after the warm-up; by a process's role."""
    grown = []
    for role, now in after.items():
        was = before[role]
        for name, had, has, allowed in (
            ("descriptors", was.descriptors, now.descriptors, _DESCRIPTORS),
            ("sockets", was.sockets, now.sockets, _DESCRIPTORS),
            ("threads", was.threads, now.threads, _THREADS),
            ("bytes of memory", was.rss, now.rss, _GROWTH_UPSTREAM if role in _UPSTREAMS else _GROWTH),
        ):
            if has > had + allowed:
                grown.append(f"{role} holds {has} {name}, after the warm-up it held {had}")
    return grown


def slope(role: str, samples: Sequence[Gauge]) -> str:
    """What to say of a process whose memory rises steadily over the last two thirds of a long life; else empty.

    Steadily is in both halves of that time. Memory comes by the MiB, which is how much Python's allocator takes of the
    system at a time, and over seven minutes one such step alone would be more than is allowed in an hour.
    """
    if not samples or samples[-1].at - samples[0].at < _LONG:
        return ""
    begin = samples[0].at + (samples[-1].at - samples[0].at) / 3
    settled = [each for each in samples if each.at >= begin]
    middle = len(settled) // 2
    if min(_rise(settled[:middle]), _rise(settled[middle:]), _rise(settled)) <= _SLOPE:
        return ""
    hourly = _rise(settled) * 3600 / _MIB
    return f"{role} grows by {hourly:.1f} MiB an hour, more than {_SLOPE * 3600 / _MIB:.0f}"


def _rise(samples: Sequence[Gauge]) -> float:
    """By how many bytes a second memory rises, by the line that is nearest to all samples."""
    middle = sum(each.at for each in samples) / max(len(samples), 1)
    weight = sum((each.at - middle) ** 2 for each in samples)
    return sum((each.at - middle) * each.rss for each in samples) / weight if weight else 0.0
