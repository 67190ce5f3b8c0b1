"""`strangler plan status`, `next` and `show`: where the plan stands, and what it waits for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_pairs, print_table, print_text
from strangler_proxy.cli.plan_desk import PLAN, Desk, desk_at, exit_code_of
from strangler_proxy.plan import Standing, StepState
from strangler_proxy.plan.facts import Facts
from strangler_proxy.plan.run import RunState, run_state, told_run
from strangler_proxy.plan.words import (
    judged_json,
    told_back,
    told_judged,
    told_moves,
    told_next,
    told_table,
    told_toggles,
    told_undo,
    told_whole,
)
from strangler_proxy.plan.world import Judged
from strangler_proxy.words import moment

__all__ = ["following", "show", "status"]

_LAST_EVENTS = 10
_WRONG = frozenset({StepState.FAILED, StepState.DRIFTED, StepState.CHANGED})


def _judged(desk: Desk, standing: Standing | None, facts: Facts) -> list[Judged]:
    """What the gates of the next step say, without running its commands."""
    if standing is None or standing.state is StepState.NOT_READY:
        return []
    return desk.engine.judged(standing.step, facts, commands=False)


@click.command(short_help="Say where we are, what is next, what it waits for, and how to go back.")
@PLAN
@JSON
@CONFIG
def status(plan_path: Path | None, as_json: bool, config: Path) -> None:
    """Say where we are, what is next, what it is waiting for, and how to go back.

    All of it is computed from the toggles, the evidence and the approvals as they are now. Ends with 0, with 1 when a
    step has failed, was undone by hand or was written anew after it was done.
    """
    with desk_at(plan_path, config) as desk:
        facts, found = desk.look()
        upcoming = desk.next(found)
        judged = _judged(desk, upcoming, facts)
        run = desk.client.plan(desk.plan.name)["run"]
        wrong = [each for each in found.values() if each.state in _WRONG]
        if as_json:
            print_json(
                {
                    "plan": str(desk.plan.path),
                    "holder": facts.holder,
                    "run": run,
                    "next": upcoming and upcoming.step.id,
                    "gates": judged_json(judged)["gates"],
                    "steps": [each.to_json() for each in found.values()],
                }
            )
        else:
            print_text(told_whole(desk.plan, found))
            print_text(told_toggles(facts))
            if facts.holder:
                print_text(f"At it now: {facts.holder}")
            if run is not None and run_state(run, facts.holder) is not RunState.ENDED:
                print_text(told_run(run, facts.holder))
            for each in wrong:
                if each is not upcoming:
                    print_text(f"{each.step.id}: {each.state}. {each.reason}")
            print_text()
            for line in (
                *told_next(upcoming, facts, judged),
                *told_back(desk.plan, found, facts),
            ):
                print_text(line)
            print_text()
            _table(found)
    raise SystemExit(1 if wrong else 0)


def _table(found: dict[str, Standing]) -> None:
    rows = [(each.step.id, each.state.value, each.step.owner or "nobody", each.step.title) for each in found.values()]
    print_table(("step", "state", "owner", "what"), rows)


@click.command("next", short_help="Say which step is next, and what it waits for.")
@PLAN
@JSON
@CONFIG
def following(plan_path: Path | None, as_json: bool, config: Path) -> None:
    """Say which step is next, what its gates say now, and how to do it.

    Ends with 0 when it is ready or nothing is left, with 1 when it has failed or was undone, with 3 while it waits.
    """
    with desk_at(plan_path, config) as desk:
        facts, found = desk.look()
        upcoming = desk.next(found)
        judged = _judged(desk, upcoming, facts)
    if as_json:
        print_json({"next": upcoming and upcoming.to_json(), **judged_json(judged)})
    else:
        for line in told_next(upcoming, facts, judged):
            print_text(line)
    raise SystemExit(0 if upcoming is None else exit_code_of(upcoming.state))


@click.command(short_help="Show a step: what it does, where it stands, what its gates say, what was done.")
@click.argument("name", metavar="STEP")
@PLAN
@JSON
@CONFIG
def show(name: str, plan_path: Path | None, as_json: bool, config: Path) -> None:
    """Show STEP: what it does, where it stands, what its gates say now, and what was done about it so far.

    Commands of its gates are not run: `verify` does that. Ends with 0 when it is done or ready, with 1 when it has
    failed or was undone, with 3 while it waits.
    """
    with desk_at(plan_path, config) as desk:
        step = desk.plan.step(name)
        facts, found = desk.look()
        standing = found[name]
        judged = desk.engine.judged(step, facts, commands=False)
        events = desk.client.events(f"{desk.plan.name}/{name}", limit=_LAST_EVENTS)
        if as_json:
            print_json({**step.to_json(), **standing.to_json(), **judged_json(judged), "events": events})
        else:
            print_text(f"{step.id}: {step.title}")
            print_text(f"{standing.state}. {standing.reason}")
            print_text()
            print_pairs(_pairs(desk, standing, facts))
            for line in (*told_moves(step), *(("",) if judged else ()), *told_judged(judged, commands=False)):
                print_text(line)
            if events:
                print_text()
                print_table(("when", "who", "what", "why"), (_row(each) for each in events))
    raise SystemExit(exit_code_of(standing.state))


def _pairs(desk: Desk, standing: Standing, facts: Facts) -> list[tuple[str, object]]:
    step = standing.step
    back = f"none: a one-way door ({step.one_way})" if step.one_way else "; ".join(told_undo(desk.plan, step, facts))
    return [
        ("where", f"{desk.plan.path}:{step.line}"),
        ("owner", step.owner or "nobody"),
        ("needs", ", ".join(step.needs) or "nothing"),
        ("way back", back),
    ]


def _row(event: dict[str, Any]) -> tuple[str, str, str, str]:
    detail = {key: value for key, value in event["detail"].items() if key in ("command", "code", "reason")}
    return moment(event["at"]), event["who"], event["action"], told_table(detail) or event["why"]
