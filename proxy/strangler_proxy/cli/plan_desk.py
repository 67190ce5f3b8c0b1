"""What the commands of `strangler plan` share: the plan's file, the world behind the control plane, and who asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from strangler_proxy.cli.remote import control_client, running_config
from strangler_proxy.client import ControlClient
from strangler_proxy.control_connection import caller
from strangler_proxy.plan import Engine, Plan, Standing, StepState, load_plan, standings
from strangler_proxy.plan.facts import Facts
from strangler_proxy.plan.remote import RemoteWorld
from strangler_proxy.plan.told import Told

__all__ = ["PLAN", "Desk", "desk_at", "exit_code_of"]

PLAN = click.option(
    "--plan",
    "plan_path",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="STRANGLER_PLAN",
    help="The plan.  [default: `plan` under [control], migration_plan.md beside the configuration]",
)
_YES: Final = frozenset({StepState.DONE, StepState.READY})
_NO: Final = frozenset({StepState.FAILED, StepState.DRIFTED, StepState.CHANGED})


@dataclass(frozen=True, slots=True)
class Desk:
    """A plan, the world as it is, where its steps stand in it, and the engine that moves it."""

    plan: Plan
    client: ControlClient
    world: RemoteWorld
    engine: Engine
    who: str

    def look(self) -> tuple[Facts, dict[str, Standing]]:
        """The world now, and where each step stands in it."""
        facts = self.world.look()
        return facts, standings(self.plan, facts)

    def next(self, found: dict[str, Standing]) -> Standing | None:
        """The first step that is not done; None where all are."""
        ordered = (found[step.id] for step in self.plan.ordered())
        return next((each for each in ordered if each.state is not StepState.DONE), None)


def exit_code_of(state: StepState) -> int:
    """0 for what is done or ready, 1 for what failed or is not as it was, 3 for what waits or is under way."""
    return 0 if state in _YES else 1 if state in _NO else 3


@contextmanager
def desk_at(
    plan_path: Path | None,
    config: Path,
    *,
    tell: Callable[[Told], None] | None = None,
    show: Callable[[str], None] | None = None,
) -> Iterator[Desk]:
    """The desk for the plan at `plan_path`, by default the configuration's. Raises StranglerError."""
    plan = load_plan(_configured(config) if plan_path is None else plan_path)
    who = caller()
    with control_client(config) as client:
        world = RemoteWorld(client, plan.name, plan.path.resolve().parent, who=who, show=show or _quiet)
        yield Desk(plan, client, world, Engine(plan, world, who=who, tell=tell or _untold), who)


def _configured(config: Path) -> Path:
    """The plan that the configuration names, as short as it can be said from here."""
    path = running_config(config, os.environ).plan.resolve()
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _quiet(_: str) -> None:
    """Whoever only looks shows nothing of what commands print."""


def _untold(_: Told) -> None:
    """Whoever only looks is told nothing."""
