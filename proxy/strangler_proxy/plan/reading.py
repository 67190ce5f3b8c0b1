"""`read_plan`: a Markdown text to a Plan, or to every problem in it at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final

from strangler.errors import ConfigError, Problem
from strangler.toggles import NAME_PATTERN, Stage
from strangler_proxy.config.forms import shown
from strangler_proxy.config.gates_table import read_gates
from strangler_proxy.config.place import Place, did_you_mean
from strangler_proxy.config.positions import Path as KeyPath
from strangler_proxy.config.positions import Positions
from strangler_proxy.config.validation import validated
from strangler_proxy.plan.blocks import Block, step_blocks
from strangler_proxy.plan.checks import Checks, NothingLeft, NoTraffic
from strangler_proxy.plan.moves import FlipMove, StepMove
from strangler_proxy.plan.plan import Plan
from strangler_proxy.plan.step import Step, StepGates
from strangler_proxy.plan.table import MOVE_TABLES, ChecksTable, StepTable

__all__ = ["load_plan", "read_plan"]

_IN_UNDO: Final = ("flip", "command")


def load_plan(path: Path) -> Plan:
    """The plan in the file at `path`. Raises ConfigError with every problem that was found."""
    try:
        content = path.read_bytes()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        wrong = "there is no such file" if missing else f"cannot be read: {error.strerror}"
        draft = f", or draft one: strangler plan new --inventory inventory.json -o {path}" if missing else ""
        raise ConfigError([Problem(str(path), None, "", wrong, f"name the plan with --plan FILE{draft}")]) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(str(path), line, "", "is not UTF-8", "save the file as UTF-8")]) from None
    return read_plan(text, path)


def read_plan(text: str, path: Path) -> Plan:
    """The plan that `text` says; `path` names it in messages. Raises ConfigError with every problem that was found."""
    text = text.replace("\r\n", "\n")
    blocks, problems = step_blocks(text, str(path))
    steps: dict[str, Step] = {}
    lines: dict[str, int] = {block.id: block.line for block in reversed(blocks)}
    for block in blocks:
        if block.line != lines[block.id]:
            wrong = f"the step {block.id} stands at line {lines[block.id]} already"
            problems.append(Problem(str(path), block.line, "", wrong, "give it an id of its own"))
            continue
        step, found = _read(block, str(path), list(lines))
        problems += [_of(block, each) for each in found]
        if step is not None:
            steps[step.id] = step
    problems += _circles(steps, str(path))
    if not blocks and not problems:
        right = "mark what can be run as ```toml step=ID; docs/reference/plan.md says how"
        problems.append(Problem(str(path), None, "", "has no step", right))
    if problems:
        raise ConfigError(problems)
    return Plan(path, text, steps.values())


def _read(block: Block, file: str, known: list[str]) -> tuple[Step | None, list[Problem]]:
    """The step that the block says, or None and everything that is wrong in it; `known` are the ids of all steps."""
    try:
        document = tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        line = getattr(error, "lineno", None) or _line_in(str(error)) or block.line
        wrong = f"is not TOML: {str(error).partition(' (at ')[0].lower()}"
        return None, [Problem(file, line, "", wrong, "write it as TOML; texts stand in quotes")]
    place = Place(file, Positions(block.text), document)
    table, problems = validated(StepTable, document, (), place)
    moves, wrong_moves = _moves(document.get("moves"), ("moves",), place)
    undo, wrong_undo = _moves(document.get("undo"), ("undo",), place)
    before, wrong_before = _gates(document.get("before"), ("before",), place)
    after, wrong_after = _gates(document.get("after"), ("after",), place)
    checks, wrong_checks = _checks(document.get("checks"), place)
    problems += [*wrong_moves, *wrong_undo, *wrong_before, *wrong_after, *wrong_checks]
    problems += _wrong_needs(document.get("needs"), known, place)
    if table is None or problems:
        return None, problems
    step = Step(
        id=block.id,
        title=block.title,
        chapter=block.chapter,
        line=block.line,
        owner=table.owner,
        needs=tuple(table.needs),
        why=table.why,
        routes=table.routes,
        moves=moves,
        undo=None if table.undo is None else undo,
        one_way=table.one_way,
        before=before,
        after=after,
        checks=checks,
        table=document,
    )
    return step, list(_wrong_as_a_whole(step, place))


def _of(block: Block, problem: Problem) -> Problem:
    """The problem with its step named, in the block's line where it has none of its own."""
    key = f"{block.id}.{problem.key}" if problem.key else block.id
    return replace(problem, key=key, line=problem.line or block.line)


def _line_in(message: str) -> int | None:
    """The line that an error of `tomllib` names, before Python 3.14 in its text alone."""
    _, _, behind = message.partition("(at line ")
    digits = behind.partition(",")[0]
    return int(digits) if digits.isdigit() else None


def _moves(raw: Any, path: KeyPath, place: Place) -> tuple[tuple[StepMove, ...], list[Problem]]:
    moves: list[StepMove] = []
    problems: list[Problem] = []
    for index, each in enumerate(raw if isinstance(raw, list) else ()):
        if not isinstance(each, dict):
            continue  # the table's own model has said so
        kinds = [kind for kind in MOVE_TABLES if kind in each]
        if len(kinds) != 1:
            wrong = f"says both {' and '.join(kinds)}" if kinds else _no_kind(each)
            problems.append(place.problem((*path, index), wrong, f"a move says one of {', '.join(MOVE_TABLES)}"))
            continue
        if path[0] == "undo" and kinds[0] not in _IN_UNDO:
            wrong = f"is {kinds[0]}, and nobody should have to wait for the way back"
            problems.append(place.problem((*path, index), wrong, f"write {' or '.join(_IN_UNDO)}"))
            continue
        table, found = validated(MOVE_TABLES[kinds[0]], each, (*path, index), place)
        problems += found
        if table is not None:
            move = table.move()
            moves.append(move)
            problems += _wrong_flip(move, (*path, index), place)
    return tuple(moves), problems


def _no_kind(raw: dict[str, Any]) -> str:
    return f"does not say what it does: it has {', '.join(raw)}" if raw else "is empty"


def _wrong_flip(move: StepMove, path: KeyPath, place: Place) -> Iterator[Problem]:
    if not isinstance(move, FlipMove):
        return
    if move.stage is Stage.CANARY and move.share is None:
        yield place.problem((*path, "stage"), "is canary without a share", 'add share = "10%"')
    if move.stage is not Stage.CANARY and move.share is not None:
        yield place.problem((*path, "share"), f"belongs to stage canary, not {move.stage}", "leave it away")
    if move.stage is Stage.MONOLITH and path[0] == "moves":
        right = "write it as the step's undo; `strangler back` is the way back at any time"
        yield place.problem((*path, "stage"), "is monolith, which is a way back and no move of a plan", right)
    if move.stage is Stage.RETIRED and any(set(name) & set("*?[") for name in move.names):
        yield place.problem((*path, "flip"), "retires a glob", "write each name out: a one-way door is no pattern")


def _gates(raw: Any, path: KeyPath, place: Place) -> tuple[StepGates | None, list[Problem]]:
    if not isinstance(raw, dict):
        return None, []
    gates, problems = read_gates(raw, path, place)
    if gates is not None and not gates:
        problems.append(place.problem(path, "asks for nothing", "add a gate, or leave the table away"))
    return None if gates is None else StepGates(gates, raw), problems


def _checks(raw: Any, place: Place) -> tuple[Checks | None, list[Problem]]:
    if not isinstance(raw, dict):
        return None, []
    table, problems = validated(ChecksTable, raw, ("checks",), place)
    if table is None:
        return None, problems
    if not raw:
        problems.append(place.problem(("checks",), "is empty", "add no_traffic or nothing_left, or leave it away"))
    quiet, left = table.no_traffic, table.nothing_left
    if quiet is not None and bool(quiet.callers) != bool(quiet.views):
        right = "name the file and the views, or neither"
        problems.append(place.problem(("checks", "no_traffic"), "has one of callers and views", right))
    return Checks(
        None if quiet is None else NoTraffic(quiet.routes, quiet.time, quiet.callers, tuple(quiet.views)),
        None if left is None else NothingLeft(tuple(left.names), tuple(left.within), tuple(left.delete)),
    ), problems


def _wrong_as_a_whole(step: Step, place: Place) -> Iterator[Problem]:
    if not (step.moves or step.before or step.after or step.checks):
        yield place.problem((), "does and checks nothing", "add moves, before, after or checks, or leave the mark away")
    for key, gates in (("before", step.before), ("after", step.after)):
        if gates is not None and gates.inside and not step.looked_at:
            right = 'add routes = "NAME", or move some'
            yield place.problem((key,), "has gates that look at routes, and the step names none", right)
    retires = any(isinstance(move, FlipMove) and move.stage is Stage.RETIRED for move in step.moves)
    if retires and not step.one_way:
        right = 'add one_way = "NAME", which whoever applies the step has to repeat'
        yield place.problem(("moves",), "retires a route or seam, and that is a one-way door", right)
    if step.one_way and step.undo is not None:
        yield place.problem(("undo",), "stands in a one-way door", "leave either undo or one_way away")


def _wrong_needs(raw: Any, known: list[str], place: Place) -> Iterator[Problem]:
    for index, name in enumerate(raw if isinstance(raw, list) else ()):
        # What is no id at all the table's own model has told.
        if isinstance(name, str) and NAME_PATTERN.fullmatch(name) and name not in known:
            right = did_you_mean(name, known, "write the id of a step in this file")
            yield place.problem(("needs", index), f"is {shown(name)}, and there is no such step", right)


def _circles(steps: dict[str, Step], file: str) -> list[Problem]:
    """A problem for each circle of needs, at the first of its steps."""
    problems: list[Problem] = []
    needs = {name: [each for each in step.needs if each in steps] for name, step in steps.items()}
    while True:
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1][::-1]
            first = min(circle, key=lambda name: steps[name].line)
            turned = [*circle[circle.index(first) : -1], *circle[: circle.index(first)], first]
            told = f"goes in a circle: {' needs '.join(turned)}"
            problems.append(Problem(file, steps[first].line, f"{first}.needs", told, "take one of these needs out"))
            needs[first].remove(turned[1])
        else:
            return problems
