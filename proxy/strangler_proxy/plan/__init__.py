"""The plan: Markdown that people read, steps that run, and a status that is measured. `load_plan` reads one."""

from strangler_proxy.plan.engine import Engine
from strangler_proxy.plan.plan import Plan
from strangler_proxy.plan.reading import load_plan, read_plan
from strangler_proxy.plan.schema import plan_schema
from strangler_proxy.plan.standing import Standing, StepState, standings
from strangler_proxy.plan.step import Step
from strangler_proxy.plan.world import World

__all__ = [
    "Engine",
    "Plan",
    "Standing",
    "Step",
    "StepState",
    "World",
    "load_plan",
    "plan_schema",
    "read_plan",
    "standings",
]
