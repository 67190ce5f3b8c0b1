"""One run of the soak, from the first process to the verdict."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.chaos import Act, Chaos, schedule
from tests.soak.customers import Customer
from tests.soak.gauges import Gauge, growth, slope
from tests.soak.journal import Disturbance, Journal, Request
from tests.soak.scene import Scene
from tests.soak.witness import Measurement, standstills

__all__ = ["Figures", "Plan", "run"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to soak: seconds of chaos, so many customers who pause for so many seconds, and the seed of it all."""

    seed: str
    seconds: float
    customers: int = 24
    pause: float = 0.3
    warm_up: float = 8.0
    fault: str = ""
    chaos: bool = True
    sample_every: float = 5.0
    # Longer than every time limit of the proxy together.
    patience: float = 25.0
    # How long what is held may take to be let go of, once nobody asks.
    settling: float = 20.0


@dataclass(slots=True)
class Figures:
    """What came of a run; `violations` is empty for a good one."""

    right: Counter[str]
    acts: Counter[str]
    excused: Counter[str]
    guilty: list[Request]
    violations: list[str]
    disturbances: list[Disturbance]
    standstills: list[Measurement] = field(default_factory=list)
    samples: dict[str, list[Gauge]] = field(default_factory=dict)
    executed: int = 0
    seconds: float = 0.0


def run(plan: Plan, folder: Path) -> Figures:
    """Soak a proxy in `folder`."""
    scene = Scene(folder, plan.fault)
    try:
        scene.start()
        return asyncio.run(_Soak(plan, scene).run())
    finally:
        scene.stop()


class _Soak:
    def __init__(self, plan: Plan, scene: Scene) -> None:
        self._plan = plan
        self._scene = scene
        self._journal = Journal()
        self._began = time.monotonic()
        self._samples: dict[str, list[Gauge]] = {}
        self._chaos = Chaos(scene, self._journal, self._clock)

    def _clock(self) -> float:
        return time.monotonic() - self._began

    async def run(self) -> Figures:
        plan = self._plan
        await self._load(plan.warm_up, "warm")
        before = await asyncio.to_thread(self._idle, None)
        acts = schedule(plan.seed, plan.seconds, calm_after=plan.seconds * 2 / 3) if plan.chaos else []
        await self._load(plan.seconds, "soak", acts)
        try:
            await asyncio.to_thread(self._chaos.settle)
        except AssertionError as error:
            self._chaos.wrong.append(f"the end was not in order: {error}")
        after = await asyncio.to_thread(self._idle, before)
        return self._figures(before, after)

    async def _load(self, seconds: float, what: str, acts: list[Act] | None = None) -> None:
        """Have the customers ask for so many seconds, and the acts carried out meanwhile."""
        until_then = self._clock() + seconds

        def over() -> bool:
            return self._clock() >= until_then

        plan, port = self._plan, self._scene.port
        customers = [
            Customer(
                number, port, self._journal, f"{plan.seed}/{what}", self._clock, patience=plan.patience, prefix=what
            )
            for number in range(plan.customers)
        ]
        async with asyncio.TaskGroup() as tasks:
            for customer in customers:
                tasks.create_task(customer.live(plan.pause, over))
            tasks.create_task(self._sample(over))
            if acts:
                tasks.create_task(self._chaos.carry_out(acts, over))

    async def _sample(self, over: Callable[[], bool]) -> None:
        while not over():
            for role, gauge in (await asyncio.to_thread(self._scene.gauges, self._clock())).items():
                self._samples.setdefault(f"{role} {gauge.pid}@{gauge.born}", []).append(gauge)
            await asyncio.sleep(self._plan.sample_every)

    def _idle(self, before: dict[str, Gauge] | None) -> dict[str, Gauge]:
        """What everybody holds once nobody asks; waits for what takes its time to be let go of."""
        ends = time.monotonic() + self._plan.settling
        last: dict[str, Gauge] = {}
        while True:
            now = self._scene.gauges(self._clock())
            if before is None:
                # Nothing to compare with: as soon as it stays as it is for longer than unused connections are kept.
                still = last and all(each.sockets == now[role].sockets for role, each in last.items() if role in now)
                if still or time.monotonic() > ends:
                    return now
                last = now
                time.sleep(2.5)
            elif not (growth(before, now) or self._scene.left_over()) or time.monotonic() > ends:
                return now
            else:
                time.sleep(0.5)

    def _figures(self, before: dict[str, Gauge], after: dict[str, Gauge]) -> Figures:
        still = standstills(self._scene.measurements(self._began), self._clock())
        self._journal.standstills += still
        excused, guilty = self._journal.judged()
        executed = self._scene.executed()
        violations = [*self._chaos.wrong, *growth(before, after), *self._journal.executed_wrongly(executed)]
        violations += filter(None, (slope(role, samples) for role, samples in self._samples.items()))
        if left := self._scene.left_over():
            violations.append(
                f"after the end these run, instead of two workers, a control plane and a comparer: {left}"
            )
        log = self._scene.proxy.log.read_text()
        violations += [f"the proxy's log has: {line}" for line in log.splitlines() if "Traceback" in line]
        return Figures(
            self._journal.right,
            self._chaos.done,
            excused,
            guilty,
            violations,
            self._journal.disturbances,
            still,
            self._samples,
            len(executed),
            self._clock(),
        )
