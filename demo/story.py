"""The demo's story: the plan's first chapter step by step, with customers in the shop and both sides asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.customers import Customers, Tally
from demo.plan import Step, read_steps
from demo.sides import Asked, Sides
from demo.stack import ROOT, Stack, StackError
from strangler.compare import Verdict

__all__ = ["Phase", "Story"]

PLAN = ROOT / "migration_plan.md"
# How long customers may take to ask enough different things for a verdict.
_VERDICT_SECONDS = 300
_INCONCLUSIVE = 3
SIDES = ("monolith", "candidate")
_SEAM_RESULT = re.compile(r"seam cart\.catalog-facts\S*: (agree|differ|inconclusive|fallback)")


@dataclass(slots=True)
class _Counted:
    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    fallbacks: int = 0


@dataclass(frozen=True, slots=True)
class Phase:
    """What was seen between two moves.

    `traffic` counts the proxy's requests by route and side; `fallbacks` those that the monolith answered in the
    candidate's place.
    """

    name: str
    traffic: Counter[tuple[str, str]]
    fallbacks: int
    customers: Tally
    asked: Asked


class Story:
    """Follows the plan on a running stack. `seconds` is how long customers shop in each phase."""

    def __init__(self, stack: Stack, *, seconds: float) -> None:
        self.stack = stack
        self.seconds = seconds
        self.steps = read_steps(PLAN)
        self.console = Console(highlight=False, width=max(100, Console().width))
        self.phases: list[Phase] = []
        self.unacknowledged: list[str] = []
        self.asked: list[Asked] = []

    def tell(self) -> bool:
        """Follow the plan's chapter on catalogue reads there and back; whether nothing failed and nothing differed."""
        customers = Customers(self.stack.addresses.url("shop"))
        sides = Sides(self.stack.addresses)
        for step in ("check", "filled"):
            self._follow(step)
        self._ask_both(sides)
        customers.start()
        try:
            self._watch("before", customers, sides)
            self._follow("shadow")
            self._watch("in shadow", customers, sides)
            self._wait_for_verdict()
            self._follow("report")
            for step, name in (("canary-10", "at 10 %"), ("canary-50", "at 50 %"), ("extracted", "extracted")):
                self._follow(step)
                self._watch(name, customers, sides)
            self._follow("back")
            self._watch("after", customers, sides)
            for step in ("facts-shadow", "facts-canary", "facts-extracted"):
                self._follow(step)
                self._watch_seam()
            self._follow("facts-back")
        finally:
            total = customers.stop()
            sides.close()
        return self._conclude(total)

    def _title(self, step: Step) -> None:
        self.console.print(f"\n[bold]{step.title}[/bold]  [dim]({PLAN.name}:{step.line})[/dim]")

    def _follow(self, name: str) -> None:
        step = self.steps[f"catalog-reads.{name}"]
        self._title(step)
        for command in step.commands:
            self.console.print(f"[green]$[/green] {command}", soft_wrap=True)
            self._run(step, command)
        status = self._status()
        behind = [worker for worker in status["workers"] if worker["revision"] != status["revision"]]
        if behind or not status["workers"]:
            self.unacknowledged.append(step.id)

    def _ask_both(self, sides: Sides) -> None:
        step = self.steps["catalog-reads.parity"]
        self._title(step)
        asked = sides.ask(180)
        self.console.print(
            f"  {asked.pairs} requests asked of both sides, {len(asked.differing)} answered differently"
            f" (`{step.commands[0]}` asks more of them, and plants bugs)",
            soft_wrap=True,
        )
        self.asked.append(asked)

    def _wait_for_verdict(self) -> None:
        """Let customers shop until the evidence of the shadow phase says something, or time is up."""
        (command,) = self.steps["catalog-reads.report"].commands
        began = time.monotonic()
        while self._shell(f"{command} --json").returncode == _INCONCLUSIVE:
            if time.monotonic() - began > _VERDICT_SECONDS:
                break
            time.sleep(0.5)
        self.console.print(f"  {time.monotonic() - began:.0f} s more until there was enough for a verdict")

    def _shell(self, command: str) -> subprocess.CompletedProcess[str]:
        binaries = Path(sys.executable).parent
        environment = {**self.stack.environment, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
        return subprocess.run(
            command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    def _run(self, step: Step, command: str) -> None:
        done = self._shell(command)
        self.console.print(done.stdout.rstrip(), markup=False, soft_wrap=True)
        if done.returncode:
            raise StackError(
                f"{PLAN.name}:{step.line}: `{command}` ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )

    def _watch(self, name: str, customers: Customers, sides: Sides) -> None:
        counted, tally = self._counted(), customers.tally.copy()
        began = time.monotonic()
        asked = sides.ask(60)
        time.sleep(max(0.0, self.seconds - (time.monotonic() - began)))
        seen = self._counted()
        phase = Phase(
            name,
            seen.answered - counted.answered,
            seen.fallbacks - counted.fallbacks,
            customers.tally.since(tally),
            asked,
        )
        self.phases.append(phase)
        self.asked.append(asked)
        self._report(phase)

    def _watch_seam(self) -> None:
        log = self.stack.folder / "logs" / "monolith.log"
        seen = log.stat().st_size
        time.sleep(self.seconds)
        with log.open("rb") as file:
            file.seek(seen)
            told = Counter(_SEAM_RESULT.findall(file.read().decode(errors="replace")))
        compared = ", ".join(f"{told[verdict]} {verdict}" for verdict in Verdict if told[verdict])
        said = f"both sides asked: {compared}; " if compared else ""
        self.console.print(f"  carts and checkouts in the meantime: {said}{told['fallback']} fallbacks")

    def _counted(self) -> _Counted:
        counted = _Counted()
        for row in self._status()["traffic"]:
            counted.answered[row["route"], row["side"]] += row["count"]
            counted.fallbacks += row["fallbacks"]
        return counted

    def _status(self) -> dict[str, Any]:
        command = [sys.executable, "-m", "strangler_proxy", "status", "--json"]
        done = subprocess.run(
            command, cwd=ROOT, env=self.stack.environment, capture_output=True, text=True, check=False
        )
        if not done.stdout:
            raise StackError(f"`strangler status --json` ended with {done.returncode}:\n{done.stderr}")
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    def _report(self, phase: Phase) -> None:
        failed, asked = len(phase.customers.failures), phase.asked
        self.console.print(
            f"  {phase.name}: {phase.customers.requests.total()} requests of customers, {failed} failed; "
            f"{asked.pairs} pairs asked of both sides, {len(asked.differing)} differ"
            + (f" ({asked.settled} did until the service had caught up)" if asked.settled else "")
        )

    def _conclude(self, total: Tally) -> bool:
        self.console.print()
        self.console.print(self._table())
        milliseconds = total.milliseconds
        percentiles = quantiles(milliseconds, n=100)
        differing = [difference for asked in self.asked for difference in asked.differing]
        pairs = sum(asked.pairs for asked in self.asked)
        self.console.print(
            f"Customers: {total.requests.total()} requests, {total.orders} orders placed, "
            f"p50 {percentiles[49]:.0f} ms, p99 {percentiles[98]:.0f} ms, [bold]{len(total.failures)} failed[/bold]."
        )
        self.console.print(
            f"Both sides asked directly: {pairs} pairs, [bold]{len(differing)} differing answers[/bold]."
        )
        for failure in total.failures[:10]:
            self.console.print(f"  failed: {failure.request}: {failure.wrong}", markup=False)
        for pair, comparison in differing[:10]:
            self.console.print(f"  differs: {pair.request.target}", markup=False)
            for difference in comparison.differences[:5]:
                self.console.print(f"    {difference}", markup=False)
        for step in self.unacknowledged:
            self.console.print(f"  not acknowledged by every worker: {step}")
        return not (total.failures or differing or self.unacknowledged)

    def _table(self) -> Table:
        table = Table(title="Customers' requests by route and side: monolith / candidate", title_justify="left")
        table.add_column("route", no_wrap=True)
        for phase in self.phases:
            table.add_column(phase.name, justify="right", no_wrap=True)
        routes = {route for phase in self.phases for route, _ in phase.traffic}
        for route in sorted(routes, key=lambda route: (route == "-", route)):
            cells = (" / ".join(str(phase.traffic[route, side]) for side in SIDES) for phase in self.phases)
            table.add_row("all else" if route == "-" else route, *cells)
        table.add_section()
        table.add_row("failed", *(str(len(phase.customers.failures)) for phase in self.phases))
        table.add_row("fallbacks", *(str(phase.fallbacks) for phase in self.phases))
        table.add_row("differing answers", *(str(len(phase.asked.differing)) for phase in self.phases))
        return table
