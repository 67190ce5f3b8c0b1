"""The client against the control plane itself, over a socket: what both sides mean by the contract."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from strangler.testing import MemoryToggleStore
from strangler.toggles import Stage, Toggles, read_snapshot
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving
from tests.waiting import until

NAME = "catalog.facts"


def test_a_flip_reaches_the_seams_of_a_monolith_and_the_way_back_too(tmp_path: Path) -> None:
    cache = tmp_path / "own.json"
    with serving(plane(tmp_path, MemoryToggleStore())) as operator:
        toggles = Toggles(control_url=str(operator.base_url), token=TOKEN, cache=cache, wait=0.5)
        try:
            assert toggles.stage(NAME) is Stage.MONOLITH
            assert toggles.wait(10)
            toggle = toggles.toggle(NAME)
            assert toggle is not None
            assert toggle.kind == "seam"

            def stands_at(stage: Stage) -> bool:
                return toggles.stage(NAME) is stage

            for stage in (Stage.SHADOW, Stage.MONOLITH):
                move = {"names": [NAME], "stage": stage, "why": "a test", "wait_seconds": 0}
                operator.post("/api/v1/flip", json=move).raise_for_status()
                until(partial(stands_at, stage))
            answered = operator.get("/api/v1/snapshot").json()
            assert toggles.snapshot.to_json() == answered
            until(lambda: read_snapshot(cache) == toggles.snapshot)
        finally:
            toggles.close()
    assert toggles.stage(NAME) is Stage.MONOLITH
