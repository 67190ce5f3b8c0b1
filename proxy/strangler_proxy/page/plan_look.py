"""A look at the plan, its document and the world together, for its page."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from strangler.errors import ConfigError, PlanError
from strangler_proxy.client import ControlClient
from strangler_proxy.page.plan_shown import (
    JudgedShown,
    PlanShown,
    ProblemShown,
    RunShown,
    judged_shown,
    plan_shown,
    problems_shown,
    run_shown,
)
from strangler_proxy.page.plan_text import Piece, pieces_of
from strangler_proxy.plan import Engine, Plan, Step, standings
from strangler_proxy.plan.on_disk import PlanOnDisk
from strangler_proxy.plan.progress import Progress, progress_of
from strangler_proxy.plan.remote import facts_of
from strangler_proxy.plan.served_world import ServedWorld
from strangler_proxy.plan.told import Told

__all__ = ["PlanLook", "StepGone", "gates_said", "look_at_plan", "step_as_shown"]

_MOST_READ: Final = 1024 * 1024


class StepGone(PlanError):
    """A step is not written as it was shown to whoever decided about it."""


@dataclass(frozen=True, slots=True)
class PlanLook:
    """What the page shows. `shown` is None where the file has `problems` or is `missing`; the document stands there all
    the same, as far as it can be read. `progress` is how much has moved, None where nobody can tell."""

    path: Path
    name: str
    at: float
    pieces: tuple[Piece, ...]
    problems: tuple[ProblemShown, ...]
    missing: bool
    shown: PlanShown | None
    run: RunShown | None
    holder: str
    progress: Progress | None

    @property
    def digest(self) -> str:
        """What changes with anything in the document and its steps that the page shows."""
        steps = () if self.shown is None else tuple(each.mark for each in self.shown.steps)
        text = repr((steps, self.problems, self.pieces))
        return sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


@lru_cache(maxsize=4)
def _on_disk(path: Path) -> PlanOnDisk:
    return PlanOnDisk(path)


def look_at_plan(client: ControlClient, path: Path) -> PlanLook:
    """The plan in the file `path` as it stands in the world now. Raises what the client raises."""
    on_disk = _on_disk(path)
    seen = client.plan(on_disk.name)
    run = run_shown(seen["run"], seen["holder"])
    try:
        plan = on_disk.load()
    except ConfigError as error:
        text = _text(path)
        problems = problems_shown(error.problems, text, str(path))
        pieces = pieces_of(text, ())
        return PlanLook(
            path, on_disk.name, seen["now"], pieces, problems, not path.exists(), None, run, seen["holder"], None
        )
    facts = facts_of(seen, client.rollouts())
    found = standings(plan, facts)
    return PlanLook(
        path=path,
        name=plan.name,
        at=facts.now,
        pieces=pieces_of(plan.text, tuple((step.line, step.id) for step in plan.steps.values())),
        problems=(),
        missing=False,
        shown=plan_shown(plan, found, facts),
        run=run,
        holder=facts.holder,
        progress=progress_of(plan, found, facts, moves=seen["moves"], windows=()),
    )


def gates_said(client: ControlClient, path: Path, name: str) -> tuple[JudgedShown, ...]:
    """What the gates and checks of that step say now. Nothing is moved or kept, and no command is run. Raises PlanError
    for a step that there is not, ConfigError, and what the client raises."""
    plan = _on_disk(path).load()
    step = plan.step(name)
    world = ServedWorld(client, plan.name, path.resolve().parent, who="", show=_not_shown, called_off=threading.Event())
    engine = Engine(plan, world, who="", tell=_untold)
    return judged_shown(engine.judged(step, world.look(), commands=False))


def step_as_shown(path: Path, form: Mapping[str, str]) -> tuple[Plan, Step]:
    """The step that a form is about, as long as it is written as it was shown. Raises StepGone where it is not,
    ConfigError where the file cannot be read."""
    plan = _on_disk(path).load()
    name = form.get("step", "")
    step = plan.steps.get(name)
    if step is None or step.digest != form.get("digest", ""):
        raise StepGone(
            f"The step {name} is not written as it was shown to you, so nothing was done.",
            "Here it is as it is written now: read it, and decide then.",
        )
    return plan, step


def _text(path: Path) -> str:
    """As much of a wrong file as can be shown."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_READ).decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return ""


def _not_shown(_: str) -> None:
    """No command is run, and none prints."""


def _untold(_: Told) -> None:
    """Whoever only looks is told nothing."""
