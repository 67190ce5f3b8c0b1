"""A round of full load, on what answers and on what does not."""

from __future__ import annotations

import math
import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import wrk
from benchmarks.peers.site import Serving
from benchmarks.processes import workplace
from benchmarks.throughput import full_load
from benchmarks.traffic import GETS, write_script
from benchmarks.upstream import start_upstream

pytestmark = pytest.mark.slow


def test_every_peer_has_its_rounds_and_one_that_answers_nobody_costs_without_end() -> None:
    if not Path(wrk.PROGRAM).exists():
        pytest.skip("wrk is not on this machine: scripts/setup --bench")
    with ExitStack() as stack:
        folder = workplace(stack)
        mute = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        peers = [start_upstream(stack, folder), Serving("mute", mute.getsockname()[1], os.getpid())]
        script = write_script(folder, GETS[1], 50)
        seen = full_load(peers, script, connections=2, rounds=2, seconds=1)
    assert {name: len(rounds) for name, rounds in seen.items()} == {"no proxy": 2, "mute": 2}
    assert all(each.rate > 0 and 0 < each.cpu < math.inf and 0 < each.busy <= 1.1 for each in seen["no proxy"])
    assert all((each.rate, each.p50, each.p99, each.cpu) == (0, *[math.inf] * 3) for each in seen["mute"])
