"""Rounds of full load, interleaved over the peers."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from pathlib import Path

from benchmarks import wrk
from benchmarks.measured import Measured
from benchmarks.peers.site import Serving
from benchmarks.processes import LOAD_CORES, cpu_seconds

__all__ = ["full_load", "one_round"]


def full_load(
    peers: Sequence[Serving], script: Path, *, connections: int, rounds: int, seconds: int
) -> dict[str, list[Measured]]:
    """Each peer in turn, `rounds` times over, with all connections busy."""
    seen: dict[str, list[Measured]] = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            seen[peer.name].append(one_round(peer, script, connections=connections, seconds=seconds))
    return seen


def one_round(
    peer: Serving, script: Path, *, connections: int, seconds: int, cores: frozenset[int] | None = LOAD_CORES
) -> Measured:
    """One peer under full load for some seconds; raises WrkError, naming the peer, when it does not answer well.

    One that is too slow to answer anybody in that time has latency and cost without end.
    """
    before = cpu_seconds(peer.pid)
    try:
        said = wrk.load(peer.port, script, connections=connections, seconds=seconds, cores=cores)
    except wrk.WrkError as error:
        raise wrk.WrkError(f"{peer.name}: {error}") from error
    used = cpu_seconds(peer.pid) - before
    if said.count == 0:
        return Measured(0.0, inf, inf, inf, used / seconds)
    return Measured(said.rate, said.p50, said.p99, used / said.count * 1e6, used * said.rate / said.count)
