"""The world behind the control API, and the operator's own machine: the World of `strangler plan`."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import shorten
from typing import Any, Final

from strangler.errors import PlanError, StranglerError
from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement
from strangler.toggles import Stage, format_share
from strangler_proxy.client import ControlClient
from strangler_proxy.gates.command import run_command
from strangler_proxy.gates.here import judge_here, sent_along
from strangler_proxy.plain import plain, reason
from strangler_proxy.plan.checking import callers_judged, traffic_judged, traffic_step
from strangler_proxy.plan.checks import Checks
from strangler_proxy.plan.facts import Consent, Facts, RolloutSeen, RolloutWord, ToggleSeen
from strangler_proxy.plan.leftovers import leftovers_judged
from strangler_proxy.plan.mark import Mark
from strangler_proxy.plan.moves import Reached
from strangler_proxy.plan.redacted import redacted
from strangler_proxy.plan.step import StepGates
from strangler_proxy.plan.world import Judged, Ran

__all__ = ["RemoteWorld", "facts_of", "holder_of"]

_RENEW_EVERY: Final = 5.0
_LONGEST_WHY: Final = 500
_WORDS: Final = {
    "running": RolloutWord.RUNNING,
    "frozen": RolloutWord.WAITING,
    "paused": RolloutWord.WAITING,
    "finished": RolloutWord.COMPLETED,
}
_OVER: Final = frozenset({"finished", "aborted"})


def facts_of(seen: Mapping[str, Any], rollouts: Sequence[Mapping[str, Any]]) -> Facts:
    """The world as the control API tells it: what it says of the plan, and its rollouts. Raises PlanError."""
    return Facts(
        now=float(seen["now"]),
        toggles={
            each["name"]: ToggleSeen(each["name"], _reached(each["stage"], each["share"]), float(each["since"]))
            for each in seen["toggles"]
        },
        rollouts=_rollouts(rollouts),
        marks={step: Mark.from_json(each["mark"]) for step, each in seen["marks"].items()},
        consents={
            step: Consent(each["who"], float(each["at"]), each["meaning"], each["why"])
            for step, each in seen["consents"].items()
        },
        holder=seen["holder"],
    )


def holder_of(who: str) -> str:
    """Whom a lease belongs to: a person on a machine, in one process."""
    return f"{who} on {socket.gethostname()}, process {os.getpid()}"


class RemoteWorld:
    """The world of the plan `name`; `folder` is where its commands run, and paths in it begin. `show` is given what
    commands print. While the lease is held a thread renews it; close it, or use it in a `with` block."""

    def __init__(
        self, client: ControlClient, name: str, folder: Path, *, who: str, show: Callable[[str], None]
    ) -> None:
        self._client = client
        self._name = name
        self._folder = folder
        self._holder = holder_of(who)
        self._show = show
        self._versions: dict[str, int] = {}
        self._lost = ""
        self._letting_go = threading.Event()
        self._renewing: threading.Thread | None = None

    def look(self) -> Facts:
        """The world as it is now. Whoever left a lease behind on this machine is not at it any more."""
        seen = self._client.plan(self._name)
        self._versions = {step: int(each["version"]) for step, each in seen["marks"].items()}
        facts = facts_of(seen, self._client.rollouts())
        return replace(facts, holder="") if _is_left_behind(facts.holder) else facts

    def take_lease(self) -> str:
        """Empty when the lease is ours, else who has it. One that a process of this machine left behind is taken."""
        if self._renewing is not None:
            return self._lost
        holder = self._client.plan_lease(self._name, self._holder)
        if holder != self._holder and _is_left_behind(holder):
            self._client.plan_lease(self._name, holder, release=True)
            holder = self._client.plan_lease(self._name, self._holder)
        if holder != self._holder:
            return holder
        self._lost = ""
        self._letting_go.clear()
        self._renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewing.start()
        return ""

    def leave_lease(self) -> None:
        """Let go of the lease; where nobody answers it ends by itself."""
        if self._renewing is None:
            return
        self._letting_go.set()
        self._renewing.join()
        self._renewing = None
        try:
            self._client.plan_lease(self._name, self._holder, release=True)
        except StranglerError as error:
            self._show(f"The lease ends by itself: {error}")

    def _renew(self) -> None:
        while not self._letting_go.wait(_RENEW_EVERY):
            try:
                holder = self._client.plan_lease(self._name, self._holder)
            except StranglerError:
                # The next move finds out whether it is still ours: it is refused where it is not.
                continue
            if holder != self._holder:
                self._lost = holder
                return

    def write(self, step: str, mark: Mark | None, *, action: str, why: str, detail: Mapping[str, Any]) -> None:
        """Keep the mark, and write the act into the audit."""
        version = self._client.plan_mark(
            self._name,
            {
                "holder": self._holder,
                "step": step,
                "mark": mark and mark.to_json(),
                "version": self._versions.get(step, 0),
                "action": action,
                "why": _line(why),
                "detail": dict(detail),
            },
        )
        self._versions[step] = version

    def flip(
        self,
        names: Sequence[str],
        reached: Reached,
        *,
        step: str,
        why: str,
        force: bool = False,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """Move toggles, all or none; those that are to be retired one by one."""
        stage, share = reached
        for some in [[name] for name in names] if stage is Stage.RETIRED else [list(names)]:
            body = {
                "holder": self._holder,
                "step": step,
                "names": some,
                "stage": stage.value,
                "share": format_share(share) if stage is Stage.CANARY else None,
                "force": force,
                "evidence": dict(evidence or {}),
                "why": _line(why),
            }
            self._client.plan_flip(self._name, body)

    def start_rollout(self, names: Sequence[str], schedule: str, *, why: str) -> None:
        """Start a rollout, or let one of the same routes go on that has stopped."""
        stopped = [each for each in self._of(names) if each["state"] not in _OVER]
        for each in stopped:
            if each["state"] != "running":
                self._client.resume_rollout(each["name"], why=_line(why))
        if not stopped:
            self._client.start_rollout(names, schedule=schedule or None, why=_line(why))

    def abort_rollout(self, names: Sequence[str], *, why: str) -> None:
        """End the rollouts of these routes that are not over."""
        for each in self._of(names):
            if each["state"] not in _OVER:
                self._client.abort_rollout(each["name"], why=_line(why))

    def _of(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The rollouts that have a toggle in common with the names and globs."""
        toggles = {toggle.name for toggle in self.look().matching(names)}
        return [each for each in self._client.rollouts() if toggles & set(each["toggles"])]

    def judge(self, gates: StepGates, routes: Sequence[str], since: float, *, commands: bool) -> list[Judged]:
        """Gates that look at routes are judged by the control plane; whatever asks others is asked from here."""
        found: list[Judged] = []
        if gates.inside:
            for row in self._client.gates(routes, gates=sent_along(gates.table), since=since):
                found += [Judged(row["name"], _judgement(each)) for each in row["gates"]]
        return found + [Judged("", each) for each in judge_here(gates.wanted, self.run if commands else None)]

    def check(self, checks: Checks) -> list[Judged]:
        """See whether anybody is still answered by the old code, and whether anything still names it."""
        found: list[Judged] = []
        quiet = checks.no_traffic
        if quiet is not None:
            facts = self.look()
            names = [toggle.name for toggle in facts.matching(quiet.routes)]
            if not names:
                raise PlanError(f"No route is named {', '.join(quiet.routes)}.", "`strangler routes` lists them.")
            windows = self._client.traffic(since=facts.now - quiet.seconds, step=traffic_step(quiet.seconds))
            found.append(traffic_judged(quiet, names, windows, facts.now))
            if quiet.callers:
                found.append(callers_judged(quiet, self._folder, facts.now))
        if checks.nothing_left is not None:
            found.append(leftovers_judged(checks.nothing_left, self._folder))
        return found

    def run(self, command: str, timeout: float) -> Ran:
        """Run a command in the operator's shell. All that it prints is shown; what is given has no secrets in it."""
        try:
            ran = run_command(command, timeout, self._folder, self._show)
        except OSError as error:
            raise PlanError(f"`{command}` cannot begin: {reason(error)}.") from error
        return replace(ran, output=redacted(ran.output, os.environ))

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


def _line(why: str) -> str:
    """As the control API takes it: one line, not too long."""
    return shorten(plain(why), _LONGEST_WHY, placeholder=" …")


def _reached(stage: str, share: int) -> Reached:
    return Stage(stage), share if stage == Stage.CANARY else 0


def _rollouts(rows: Sequence[Mapping[str, Any]]) -> dict[str, RolloutSeen]:
    """By toggle the newest of its rollouts."""
    found: dict[str, RolloutSeen] = {}
    for row in sorted(rows, key=lambda each: float(each["started"])):
        word = _WORDS.get(row["state"], RolloutWord.FAILED)
        last = row["schedule"]["stations"][-1]
        at, end = max(float(row["started"]), float(row["since"])), _reached(last["stage"], last["share"])
        told = row["doing"] if word is RolloutWord.RUNNING else row["reason"]
        seen = RolloutSeen(word, told, at, end, row["name"])
        found |= dict.fromkeys(row["toggles"], seen)
    return found


def _judgement(row: Mapping[str, Any]) -> GateJudgement:
    return GateJudgement(row["gate"], GateVerdict(row["verdict"]), row["reason"], row["figures"])


def _is_left_behind(holder: str) -> bool:
    """Whether the holder was a process of this machine that is there no more."""
    before, _, process = holder.rpartition(", process ")
    if not before.endswith(f" on {socket.gethostname()}") or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False
