"""What is done to the proxy and its upstreams meanwhile: a schedule drawn from the seed, carried out step by step."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.proxy.supervisor.proxy import is_running
from tests.soak.gauges import client_ports
from tests.soak.journal import Disturbance, Journal
from tests.soak.scene import Scene
from tests.waiting import until

__all__ = ["Act", "Chaos", "schedule"]

_STAGES = ("monolith", "shadow", "canary", "extracted")
# A worker that dies three times within 10 s each gives its queue up: that is another promise, with a test of its own.
_BETWEEN_KILLS = 12.0
# How a reload is asked for: by a signal, or by a command, which may take the program's files anew as well.
_WAYS = ("", "reload", "reload", "reload --program")
_UPSTREAMS = ("monolith", "catalog", "catalog")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do, so many seconds after the one before was done; `number` is between 0 and 1."""

    what: str
    after: float
    number: float


def schedule(seed: str, seconds: float, *, calm_after: float) -> list[Act]:
    """The acts of a run, in order. From `calm_after` seconds on no proxy process is killed or replaced.

    So the last processes live long enough to tell whether they grow.
    """
    draw = random.Random(f"{seed}/chaos")
    # In the first minute everything comes once; then as often as its weight.
    weights = {"flip": 8, "reload": 2, "bad reload": 1, "kill worker": 2, "kill upstream": 3, "hang upstream": 3}
    weights |= {"kill control": 1, "kill comparer": 1, "lose store": 1}
    deadly = {"reload", "kill worker", "kill control", "kill comparer"}
    calm = {name: weight for name, weight in weights.items() if name not in deadly}
    acts: list[Act] = []
    first = [*weights, "flip", "flip"]
    draw.shuffle(first)
    now, killed = 0.0, -_BETWEEN_KILLS
    while now < seconds:
        kinds = weights if now < calm_after else calm
        what = first.pop() if first and now < calm_after else draw.choices(list(kinds), list(kinds.values()))[0]
        if what == "kill worker" and now - killed < _BETWEEN_KILLS:
            what = "flip"
        if what == "kill worker":
            killed = now
        after = draw.uniform(0.3, 2.5) if now < 120 else draw.uniform(1, 8)
        acts.append(Act(what, after, draw.random()))
        # What an act itself takes is not known beforehand: about as long as this.
        now += after + 1.5
    return acts


class Chaos:
    """Carries a schedule out, and writes down what it did when."""

    def __init__(self, scene: Scene, journal: Journal, clock: Callable[[], float]) -> None:
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._scene = scene
        self._journal = journal
        self._clock = clock
        self._patience = 3.0
        self._stage = "monolith"
        self._pids: list[int] = []

    async def carry_out(self, acts: list[Act], over: Callable[[], bool]) -> None:
        """Do one act after the other until all are done or it is `over`."""
        for act in acts:
            await asyncio.sleep(act.after)
            if over():
                break
            await asyncio.to_thread(self._do, act)

    def settle(self) -> None:
        """Leave everything in order: all live, the route with the monolith."""
        self._all_live()
        self._flip("monolith")

    def _do(self, act: Act) -> None:
        self.done[act.what] += 1
        try:
            if act.what == "flip":
                self._flip(random.Random(act.number).choice([each for each in _STAGES if each != self._stage]))
            elif act.what == "reload":
                self._reload(_WAYS[int(act.number * len(_WAYS))])
            elif act.what == "bad reload":
                self._reload_badly()
            elif act.what == "kill worker":
                self._kill_worker(int(act.number * 2))
            elif act.what in {"kill upstream", "hang upstream"}:
                name = random.Random(act.number).choice(_UPSTREAMS)
                self._disturb_upstream(act.what.partition(" ")[0], name, 0.2 + 4.5 * act.number)
            elif act.what in {"kill control", "kill comparer"}:
                self._kill(act.what.partition(" ")[2])
            else:
                self._lose_store(0.5 + 2 * act.number)
        except (AssertionError, OSError, KeyError, httpx.HTTPError) as error:
            self.wrong.append(f"{act.what} at {self._clock():.1f} s did not end as it should: {error!r}")

    def _begin(self, what: str, **more: object) -> Disturbance:
        disturbance = Disturbance(what, self._clock())
        for name, value in more.items():
            setattr(disturbance, name, value)
        self._journal.disturbances.append(disturbance)
        return disturbance

    def _all_live(self) -> None:
        until(self._scene.all_live, seconds=60)

    def _flip(self, stage: str) -> None:
        stages, began = self._journal.stages, self._begin("flip", note=stage)
        body: dict[str, object] = {"names": ["soak.moving"], "stage": stage, "why": "the soak", "force": True}
        if stage == "canary":
            body["share"] = "50%"
        stages.moving(stage, self._clock())
        told = self._scene.proxy.api("POST", "/api/v1/flip", json={**body, "wait_seconds": 20})
        if told.status_code != 200:
            raise AssertionError(f"{told.status_code} {told.text}")
        if told.json()["missing"]:
            self._all_live()
        self._stage = stage
        stages.settled(self._clock())
        began.ended = self._clock()

    def _reload(self, way: str) -> None:
        self._patience = 6.1 - self._patience
        self._scene.configure(self._patience)
        before, reload = self._workers(), self._begin("reload", note=way or "by SIGHUP")
        if not way:
            self._scene.proxy.process.send_signal(signal.SIGHUP)
            until(lambda: not any(is_running(pid) for pid in before), seconds=60)
        else:
            done = self._scene.proxy.run(*way.split())
            if done.returncode:
                raise AssertionError(f"strangler {way} ended with {done.returncode}: {done.stderr}")
        self._all_live()
        reload.ended = self._clock()

    def _reload_badly(self) -> None:
        before = self._workers()
        self._scene.spoil_configuration()
        try:
            done = self._scene.proxy.run("reload")
        finally:
            self._scene.configure(self._patience)
        if done.returncode != 2 or self._workers() != before:
            raise AssertionError(f"a bad configuration was not refused whole: {done.returncode} {done.stderr}")

    def _workers(self) -> set[int]:
        return {pid for role, pid in self._scene.pids().items() if role.startswith("worker")}

    def _kill_worker(self, slot: int) -> None:
        pid = self._scene.pids()[f"worker {slot}"]
        # Stopped first: whose connections it holds must not change between the look and the end.
        os.kill(pid, signal.SIGSTOP)
        until(lambda: (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "T")
        killed = self._begin("kill", note=f"worker {slot}", clients=client_ports(pid, self._scene.port))
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_running(pid))
        self._all_live()
        killed.ended = self._clock()

    def _disturb_upstream(self, how: str, name: str, seconds: float) -> None:
        disturbance = self._begin(how, upstream=name)
        if how == "kill":
            self._scene.kill_upstream(name)
            until(lambda: self._clock() > disturbance.began + seconds / 2)
            self._scene.start_upstream(name)
        else:
            os.kill(self._scene.upstreams[name].pid, signal.SIGSTOP)
            until(lambda: self._clock() > disturbance.began + seconds)
            os.kill(self._scene.upstreams[name].pid, signal.SIGCONT)
        disturbance.ended = self._clock()

    def _kill(self, role: str) -> None:
        killed = self._begin("kill", note=role)
        pid = self._scene.pids()[role]
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_running(pid))
        self._all_live()
        killed.ended = self._clock()

    def _lose_store(self, seconds: float) -> None:
        lost = self._begin("store lost")
        store = self._scene.proxy.state / "store.db"
        files = [path for path in (store.with_name(store.name + end) for end in ("", "-wal", "-shm")) if path.exists()]
        for path in files:
            path.rename(path.with_name(f"aside-{path.name}"))
        store.mkdir()
        try:
            until(lambda: not self._scene.proxy.status()["store"]["ok"])
            until(lambda: self._clock() > lost.began + seconds)
        finally:
            store.rmdir()
            for path in files:
                path.with_name(f"aside-{path.name}").rename(path)
        self._all_live()
        lost.ended = self._clock()
