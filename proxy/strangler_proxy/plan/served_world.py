"""The world as a control plane moves it for somebody: no command is ever run, and whoever waits can be called off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from strangler.errors import PlanError
from strangler.evidence import GateVerdict
from strangler.gates import GateJudgement
from strangler_proxy.client import ControlClient
from strangler_proxy.plan.checks import Checks
from strangler_proxy.plan.remote import RemoteWorld
from strangler_proxy.plan.world import Judged, Ran

__all__ = ["CalledOff", "ServedWorld"]


class CalledOff(PlanError):
    """Somebody called off what a control plane was waiting for. Nothing is lost: whoever goes on begins there."""


class ServedWorld(RemoteWorld):
    """A RemoteWorld whose pauses end with CalledOff as soon as `called_off` is set."""

    def __init__(
        self,
        client: ControlClient,
        name: str,
        folder: Path,
        *,
        who: str,
        show: Callable[[str], None],
        called_off: threading.Event,
    ) -> None:
        super().__init__(client, name, folder, who=who, show=show)
        self._called_off = called_off

    def run(self, command: str, timeout: float) -> Ran:
        """Run nothing. Raises PlanError."""
        raise PlanError(
            f"`{command}` is not run: the control plane runs no command.",
            "Apply or undo the step with `strangler plan` on your own machine.",
        )

    def check(self, checks: Checks) -> list[Judged]:
        """See whether anybody is still answered by the old code. Nothing beside the plan is looked into: the files
        that count are the operator's own."""
        quiet = checks.no_traffic
        found = super().check(Checks(None if quiet is None else replace(quiet, callers="", views=())))
        if checks.nothing_left is not None or (quiet is not None and quiet.callers):
            told = "Files beside the plan are looked into by `strangler plan verify`, on the operator's own machine."
            found.append(Judged("", GateJudgement("files", GateVerdict.INCONCLUSIVE, told, {})))
        return found

    def pause(self, seconds: float) -> None:
        """Let time pass. Raises CalledOff."""
        if self._called_off.wait(seconds):
            raise CalledOff("It was called off while it waited.", "Apply it again, and it goes on from there.")
