"""The steps of the plan that wait for a person."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from strangler_proxy.control.plan_needs import PlanNeeds
from strangler_proxy.plan.mark import Failure, Mark
from strangler_proxy.plan.reading import read_plan

from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.toggles import Snapshot, Stage, Toggle

NOW = 1_800_000_000.0
PLAN = """
# Plan

```toml step=ask
moves = [{ approval = "the owner" }, { flip = "catalog.*", stage = "shadow" }]
```

```toml step=rest
moves = [{ flip = "orders.*", stage = "shadow" }, { wait = "20s" }]
```
"""


class Desk:
    """A plan, documents, toggles, and a clock."""

    def __init__(self, folder: Path, text: str | None = PLAN) -> None:
        self.now, self.revision = NOW, 1
        self.file = folder / "shop.md"
        if text is not None:
            self.file.write_text(text)
        self.documents = MemoryDocumentStore()
        self.needs = PlanNeeds(self.file, self.documents, clock=lambda: self.now)
        self.toggles = [Toggle("catalog.list"), Toggle("orders.list")]

    def look(self) -> list[tuple[str, str]]:
        snapshot = Snapshot(self.revision, {each.name: each for each in self.toggles}, datetime.fromtimestamp(NOW, UTC))
        return self.needs.look(snapshot, {each.name: NOW - 100 for each in self.toggles})

    def keep(self, kind: str, step: str, **content: object) -> None:
        document = {"plan": "shop", "step": step, **content}
        self.documents.write(kind, f"shop/{step}", document, expected=0, at=datetime.fromtimestamp(NOW, UTC))

    def consent(self, step: str) -> None:
        meaning = read_plan(PLAN, self.file).steps[step].meaning
        self.keep("consent", step, consent={"who": "ada", "at": NOW, "meaning": meaning, "why": "x"})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_step_that_waits_for_somebodys_word_needs_them_until_they_said_yes(desk: Desk) -> None:
    ((step, why),) = desk.look()
    assert (step, "It waits for the approval of the owner" in why) == ("ask", True)
    desk.consent("ask")
    desk.revision += 1
    assert desk.look() == []


def test_a_step_that_failed_needs_a_person_and_one_that_only_waits_for_time_does_not(desk: Desk) -> None:
    desk.consent("ask")
    mark = Mark(read_plan(PLAN, desk.file).steps["rest"].meaning, NOW, "ada", moved={0: NOW})
    desk.toggles[1] = Toggle("orders.list", stage=Stage.SHADOW)
    desk.keep("plan", "rest", mark=mark.to_json())
    assert desk.look() == []
    other = Desk(desk.file.parent)
    other.consent("ask")
    failed = Mark(mark.meaning, NOW, "ada", failure=Failure("after", "A gate said no.", NOW))
    other.keep("plan", "rest", mark=failed.to_json())
    ((step, why),) = other.look()
    assert (step, why.startswith("A gate said no.")) == ("rest", True)


def test_it_is_looked_at_again_after_a_while_and_at_once_when_something_has_moved(desk: Desk) -> None:
    assert len(desk.look()) == 1
    desk.consent("ask")
    assert len(desk.look()) == 1
    desk.now += 5
    assert desk.look() == []


@pytest.mark.parametrize("text", [None, "# Plan\n\n```toml step=ask\nmoves = 7\n```\n"])
def test_without_a_plan_that_can_be_read_nothing_is_told(tmp_path: Path, text: str | None) -> None:
    assert Desk(tmp_path, text).look() == []
