"""The table `[gates]`, and what must hold for the gates in it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from strangler.errors import Problem
from strangler.gates import Gates
from strangler.toggles import Stage
from strangler_proxy.config.gates_table import GatesTable
from strangler_proxy.config.place import Place
from strangler_proxy.config.positions import Path

__all__ = ["StageGatesTable", "check_gates"]


class StageGatesTable(BaseModel):
    """What a route must show before it may [enter a stage](gates.md#before-a-flip). Without it a flip asks nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    canary: GatesTable | None = Field(
        None, description="A table of [gates](gates.md), looked at in stage `shadow`.", examples=[{}]
    )
    extracted: GatesTable | None = Field(None, description="The same, looked at in stage `canary`.", examples=[{}])
    retired: GatesTable | None = Field(None, description="The same, looked at in stage `extracted`.", examples=[{}])

    def by_stage(self) -> dict[Stage, Gates]:
        """The gates before each stage that has a table, be it empty."""
        tables = {Stage.CANARY: self.canary, Stage.EXTRACTED: self.extracted, Stage.RETIRED: self.retired}
        return {stage: table.gates() for stage, table in tables.items() if table is not None}


def check_gates(document: dict[str, Any], place: Place) -> list[Problem]:
    """That no gate stands where it could never be judged."""
    tables: list[tuple[Path, Any]] = [(("gates",), document.get("gates"))]
    for index, route in enumerate(document.get("routes", [])):
        if isinstance(route, dict):
            tables.append((("routes", index, "gates"), route.get("gates")))
    problems = []
    for path, stages in tables:
        for stage, gates in stages.items() if isinstance(stages, dict) else ():
            if not isinstance(gates, dict):
                continue
            if "command" in gates:
                wrong = "would have the control plane run a command, which it never does"
                right = "take it out: `strangler gate --gates FILE` and a plan's steps run commands, on your machine"
                problems.append(place.problem((*path, stage, "command"), wrong, right))
            if stage == Stage.CANARY and "errors" in gates:
                wrong = "is about customers whom the candidate answers, and before canary there are none"
                right = f"take it out, or move it to {place.key((*path, 'extracted'))}"
                problems.append(place.problem((*path, stage, "errors"), wrong, right))
    return problems
