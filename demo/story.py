"""The demo's story: the plan's first chapter, carried through by `strangler plan`, with customers in the shop.

On the way a release with a bug is put out, which the rollout takes back by itself; then one without it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from strangler_proxy.plan import load_plan

from demo.customers import Customers, Tally
from demo.releases import PLANTED
from demo.sides import Asked, Sides
from demo.stack import ROOT, Stack, StackError
from strangler.compare import Verdict
from strangler.toggles import BUCKETS

__all__ = ["Phase", "Story"]

PLAN: Final = ROOT / "migration_plan.md"
FIXED: Final = "fixed"
SIDES: Final = ("monolith", "candidate")
_SEAM_RESULT: Final = re.compile(r"seam cart\.catalog-facts\S*: (agree|differ|inconclusive|fallback)")
# How long a step may take: customers have to ask enough for its gates to tell.
_STEP_SECONDS: Final = 400
_LOOK_EVERY: Final = 0.5


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
    """Follows the plan on a running stack. `seconds` is how long customers shop in each phase.

    `surprises` are what did not go as the story has it: a step that ended otherwise, a move that a worker did not hear
    of.
    """

    def __init__(self, stack: Stack, *, seconds: float) -> None:
        self.stack = stack
        self.seconds = seconds
        self.plan = load_plan(PLAN)
        self.console = Console(highlight=False, width=max(100, Console().width))
        self.phases: list[Phase] = []
        self.surprises: list[str] = []
        self.asked: list[Asked] = []

    def tell(self) -> bool:
        """Follow the plan's chapter on catalogue reads there and back; whether all went as it should: no request of a
        customer failed, no answer of a good release differed, and the bad release was taken back."""
        self._say("Where are we? The plan itself says so:")
        self._run("strangler plan status", 0)
        self._apply("--until catalog-reads.parity")
        customers, sides = Customers(self.stack.addresses.url("shop")), Sides(self.stack.addresses)
        customers.start()
        try:
            self._watch("before", customers, sides)
            self._apply("catalog-reads.shadow")
            self._watch("in shadow", customers, sides)
            self._say("What the copies have shown, before any customer gets the service's answer")
            self._run("strangler shadow report 'catalog.*' --bound 0.95")
            self._say("A release with a bug is put out as soon as half of the customers have the service")
            self._during_canary(lambda: self.stack.release(PLANTED))
            self._apply("catalog-reads.extracted", 1)
            self._say("The rollout has taken it back by itself. The bug is mended, another release is put out")
            self.stack.release(FIXED)
            self._watch("taken back", customers, sides)
            self._apply("catalog-reads.extracted")
            self._watch("extracted", customers, sides)
            self._apply("--until catalog-reads.facts-extracted")
            self._watch_seam()
            self._say("The way back, all at once, from wherever one is")
            self._run('strangler back --all --why "showing the way back"', 0)
            self._watch("after", customers, sides)
            self._say("The plan sees what was undone by hand")
            self._run("strangler plan status", 1)
        finally:
            total = customers.stop()
            sides.close()
            self.stack.release("")
        return self._conclude(total)

    def _say(self, text: str) -> None:
        self.console.print(f"\n[bold]{text}[/bold]")

    def _apply(self, what: str, code: int = 0) -> None:
        """Have the plan applied; it is to end with `code`, and every worker is to have heard of what it moved."""
        step = self.plan.step(what.removeprefix("--until "))
        self._say(f"{step.title}  [dim]({PLAN.name}:{step.line})[/dim]")
        self._run(f"strangler plan apply {what} --yes", code)
        status = self._status()
        behind = [worker for worker in status["workers"] if worker["revision"] != status["revision"]]
        if behind or not status["workers"]:
            self.surprises.append(f"not acknowledged by every worker: {step.id}")

    def _during_canary(self, do: Callable[[], None]) -> None:
        """In a thread: as soon as half of the customers have the candidate, `do` it."""

        def look() -> None:
            deadline = time.monotonic() + _STEP_SECONDS
            while time.monotonic() < deadline:
                if any(toggle["share"] >= BUCKETS // 2 for toggle in self._status()["toggles"]):
                    do()
                    return
                time.sleep(_LOOK_EVERY)

        threading.Thread(target=look, name="release", daemon=True).start()

    def _run(self, command: str, code: int | None = None) -> None:
        """Run a command as a person would, with what it says shown as it comes; it is to end with `code`, None for any:
        it is there to be read."""
        self.console.print(f"[green]$[/green] {command}", soft_wrap=True)
        binaries = Path(sys.executable).parent
        environment = {**self.stack.environment, "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
        running = subprocess.Popen(
            command, shell=True, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        ending = threading.Timer(_STEP_SECONDS, running.kill)
        ending.start()
        assert running.stdout is not None
        with running.stdout as said:
            for line in said:
                self.console.print(line.rstrip(), markup=False, soft_wrap=True)
        ended = running.wait()
        ending.cancel()
        if code is not None and ended != code:
            self.surprises.append(f"`{command}` ended with {ended}, not {code}")

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
        for surprise in self.surprises:
            self.console.print(f"  {surprise}", markup=False)
        return not (total.failures or differing or self.surprises)

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
