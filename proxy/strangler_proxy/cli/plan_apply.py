"""`strangler plan apply` and `undo`: moving the world step by step, and back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from strangler.errors import PlanError
from strangler.evidence import GateVerdict
from strangler.gates import overall
from strangler_proxy.cli.options import CONFIG, JSON
from strangler_proxy.cli.output import print_json, print_text
from strangler_proxy.cli.plan_desk import PLAN, Desk, desk_at, exit_code_of
from strangler_proxy.cli.plan_progress import PlanProgress
from strangler_proxy.plan import Standing, Step, StepState
from strangler_proxy.plan.words import judged_json, told_following, told_judged, told_moves, told_undo

__all__ = ["apply", "undo"]

YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
_VERDICTS = {GateVerdict.PASS: 0, GateVerdict.FAIL: 1, GateVerdict.INCONCLUSIVE: 3}


@click.command(short_help="Do a step, or one after the other, as far as their gates let them.")
@click.argument("name", metavar="[STEP]", required=False)
@click.option("--until", metavar="STEP", help="Everything up to and with that step.")
@click.option("--auto", is_flag=True, help="Everything, as far as the gates let it.")
@click.option("--confirm", metavar="NAME", default="", help="The name of a one-way door.")
@click.option("--dry-run", is_flag=True, help="Judge the gates, run their commands, and move nothing.")
@YES
@PLAN
@JSON
@CONFIG
def apply(
    name: str | None,
    until: str | None,
    auto: bool,
    confirm: str,
    dry_run: bool,
    yes: bool,
    plan_path: Path | None,
    as_json: bool,
    config: Path,
) -> None:
    """Do STEP, by default the next one: judge its gates, make its moves, and wait until its gates have spoken.

    Interrupted anywhere, it goes on from there when it is called again. A step that has failed is tried again only when
    it is named. Ends with 0 when all that was asked for is done, with 1 when a gate said no, with 3 when it waits for a
    person, for evidence, for a step that it needs, or for somebody else who is at the plan.
    """
    if sum(map(bool, (name, until, auto))) > 1:
        raise click.UsageError("Say one of: a STEP, --until STEP, --auto.")
    progress = PlanProgress(quiet=as_json)
    with desk_at(plan_path, config, tell=progress.tell, show=progress.show) as desk:
        steps = _asked_for(desk, name, until, auto)
        if not steps:
            _finish([], as_json, told_following(None) if until is None else f"{until} is done, and what it needs.")
        if dry_run:
            _dry_run(desk, steps, as_json)
        _ask(_told(steps), yes)
        try:
            with progress:
                if name is None and (until is not None or auto):
                    standing = desk.engine.follow(None if until is None else desk.plan.step(until))
                else:
                    standing = desk.engine.apply(steps[0], confirm=confirm, again=name is not None)
        except KeyboardInterrupt:
            goes_on = "" if until or auto else f" {steps[0].id}"
            click.echo(f"Stopped looking; nothing is lost, and `strangler plan apply{goes_on}` goes on.", err=True)
            raise SystemExit(3) from None
        _, found = desk.look()
        _finish([found[step.id] for step in steps], as_json, told_following(desk.next(found)), last=standing)


def _asked_for(desk: Desk, name: str | None, until: str | None, auto: bool) -> list[Step]:
    """The steps that are asked for and not done, in the order of the plan."""
    _, found = desk.look()
    if name is not None:
        return [desk.plan.step(name)]
    upcoming = desk.next(found)
    if not (auto or until):
        return [] if upcoming is None else [upcoming.step]
    wanted = desk.plan.ordered()
    if until is not None:
        last = desk.plan.step(until)
        before = desk.plan.before(last)
        wanted = [step for step in wanted if step in before or step is last]
    return [step for step in wanted if found[step.id].state is not StepState.DONE]


def _told(steps: list[Step]) -> list[str]:
    lines: list[str] = []
    for step in steps:
        lines += [f"{step.id}: {step.title}{' (a one-way door)' if step.one_way else ''}", *told_moves(step)]
    return lines


def _ask(lines: list[str], yes: bool) -> None:
    """Show what will be done, and ask. Raises PlanError where nobody can be asked."""
    if yes:
        return
    for line in lines:
        click.echo(line, err=True)
    if not sys.stdin.isatty():
        raise PlanError("Nobody is there to be asked whether to go on.", "Say --yes, or --dry-run to only look.")
    if not click.confirm("Go on?", err=True):
        raise SystemExit(3)


def _dry_run(desk: Desk, steps: list[Step], as_json: bool) -> None:
    """Say what would be done and what the gates say; ends the command."""
    facts, found = desk.look()
    first = steps[0]
    judged = desk.engine.judged(first, facts)
    verdict = overall(each.judgement for each in judged)
    if as_json:
        print_json({"steps": [step.to_json() for step in steps], **judged_json(judged)})
    else:
        stands = f"{first.id}: {found[first.id].state}. {found[first.id].reason}"
        gates = [f"Gates of {first.id} now:", *told_judged(judged)] if judged else ["No gate stands before its moves."]
        for line in (*_told(steps), "", stands, *gates, "Nothing was moved."):
            print_text(line)
    # Nothing but time stands between a step that waits for others and a yes of its gates.
    raise SystemExit(_VERDICTS[verdict.verdict] or (3 if found[first.id].state is StepState.NOT_READY else 0))


def _finish(found: list[Standing], as_json: bool, following: str, *, last: Standing | None = None) -> None:
    """Tell where the steps stand and, where all are done, what is `following`; ends the command."""
    if as_json:
        print_json({"steps": [each.to_json() for each in found]})
    else:
        for each in found:
            if each.mark is not None or each.step is (last and last.step):
                print_text(f"{each.step.id}: {each.state}. {each.reason}")
        if all(each.state is StepState.DONE for each in found):
            print_text(following)
    worst = [exit_code_of(each.state) if each.state is not StepState.READY else 3 for each in found]
    raise SystemExit(1 if 1 in worst else max(worst, default=0))


@click.command(short_help="Take a step back.")
@click.argument("name", metavar="STEP")
@YES
@PLAN
@JSON
@CONFIG
def undo(name: str, yes: bool, plan_path: Path | None, as_json: bool, config: Path) -> None:
    """Take STEP back: by its own undo, else its routes and seams go to where the steps before left them.

    Steps that came after it have to be undone first; `strangler back` takes everything back at once. Ends with 0 when
    it is done.
    """
    progress = PlanProgress(quiet=as_json)
    with desk_at(plan_path, config, tell=progress.tell, show=progress.show) as desk:
        step = desk.plan.step(name)
        facts, _ = desk.look()
        _ask([f"{step.id} is undone: {step.title}", *(f"  {each}" for each in told_undo(desk.plan, step, facts))], yes)
        with progress:
            standing = desk.engine.undo(step)
        if as_json:
            print_json({"steps": [standing.to_json()]})
        else:
            print_text(f"{step.id} is undone. It is {standing.state} now.")
