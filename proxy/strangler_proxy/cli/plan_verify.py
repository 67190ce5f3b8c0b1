"""`strangler plan verify` and `approve`: looking again, and a person's yes."""

from __future__ import annotations

from pathlib import Path

import click

from strangler.errors import PlanError, StranglerError
from strangler.evidence import GateVerdict
from strangler.gates import overall
from strangler_proxy.cli.options import CONFIG, JSON, WHY
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.cli.plan_desk import PLAN, desk_at
from strangler_proxy.plan import Step, StepState
from strangler_proxy.plan.approving import approve_step
from strangler_proxy.plan.patch import deletion_patch
from strangler_proxy.plan.words import judged_json, told_judged
from strangler_proxy.plan.world import Judged

__all__ = ["approve", "verify"]

_NOT_AS_IT_WAS = frozenset({StepState.DRIFTED, StepState.CHANGED, StepState.FAILED})


@click.command(short_help="Judge gates and checks again, of what is done or of one step.")
@click.argument("name", metavar="[STEP]", required=False)
@click.option(
    "--patch",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Of a STEP that deletes: write what is to be deleted as a patch to review.",
)
@PLAN
@JSON
@CONFIG
def verify(name: str | None, patch: Path | None, plan_path: Path | None, as_json: bool, config: Path) -> None:
    """Look again: is what is done still so, and do its gates and checks still pass? By default of every step that is
    done, else of STEP. Commands of gates are run; nothing is moved.

    Ends with 0 when all pass, with 1 when one fails or a step is not as it was left, with 3 when there is not enough to
    tell.
    """
    with desk_at(plan_path, config) as desk:
        facts, found = desk.look()
        steps = [each.step for each in found.values() if each.mark is not None and each.mark.done_at is not None]
        if name is not None:
            steps = [desk.plan.step(name)]
        if patch is not None:
            _write_patch(steps if name else [], patch, desk.plan.path)
        rows = [(found[step.id], desk.engine.judged(step, facts)) for step in steps]
    if as_json:
        print_json({"steps": [{**standing.to_json(), **judged_json(judged)} for standing, judged in rows]})
    else:
        for standing, judged in rows:
            print_text(f"{standing.step.id}: {standing.state}. {standing.reason}")
            for line in told_judged(judged):
                print_text(line)
        if not rows:
            print_text("No step is done yet.")
        if patch is not None:
            print_text(f"Written to {patch}; `git apply --check {patch}` says whether it fits.")
    raise SystemExit(_exit_code([each for _, judged in rows for each in judged], [each.state for each, _ in rows]))


def _exit_code(judged: list[Judged], states: list[StepState]) -> int:
    verdict = overall(each.judgement for each in judged).verdict
    if verdict is GateVerdict.FAIL or not _NOT_AS_IT_WAS.isdisjoint(states):
        return 1
    return 0 if verdict is GateVerdict.PASS else 3


def _write_patch(steps: list[Step], patch: Path, plan_path: Path) -> None:
    wanted = next((step.checks.nothing_left for step in steps if step.checks is not None), None)
    if wanted is None:
        raise PlanError("There is nothing to make a patch of.", "Name a STEP with `nothing_left` in its checks.")
    text = deletion_patch(wanted, plan_path.resolve().parent)
    try:
        patch.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise StranglerError(f"{patch} cannot be written: {error.strerror}. Name another file.") from error


@click.command(short_help="Say yes to a step that waits for it.")
@click.argument("name", metavar="STEP")
@WHY
@PLAN
@JSON
@CONFIG
def approve(name: str, why: str, plan_path: Path | None, as_json: bool, config: Path) -> None:
    """Say yes to STEP as it is written now: a yes to other words than these does not count.

    The yes stands in the audit under the name of your token, which has to have the role `approve`.
    """
    with desk_at(plan_path, config) as desk:
        given = approve_step(desk.client, desk.plan.name, desk.plan.step(name), why=why)
    if as_json:
        print_json({"step": name, **given})
    else:
        print_text(f"{name} is approved by {given['who']}, as it is written now.")
