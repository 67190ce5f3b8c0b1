"""Steps of plans that this control plane carries out in people's names, each in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from strangler.documents import DocumentStore
from strangler.errors import DocumentConflict, PlanWaits, StoreUnavailable, StranglerError
from strangler_proxy.client import ControlClient
from strangler_proxy.plan import Engine, Plan, Standing, Step
from strangler_proxy.plan.remote import holder_of
from strangler_proxy.plan.run import Run, RunAct
from strangler_proxy.plan.served_world import CalledOff, ServedWorld
from strangler_proxy.plan.told import Told, ToldKind

__all__ = ["PlanRuns"]

_KIND: Final = "plan-run"
# What is waited for is told again and again: everybody may read it so much later.
_KEEP_EVERY: Final = 2.0
# Whoever begins hears of most refusals at once.
_BEGINS_WITHIN: Final = 2.0
_ENDS_WITHIN: Final = 3.0
# A lease's holder is named by 200 letters at most, with the machine and the process.
_LONGEST_WHO: Final = 100
_CHANGING: Final = frozenset({ToldKind.JUDGED, ToldKind.WAITS})

_log = logging.getLogger("strangler.control")


@dataclass(slots=True)
class _Running:
    """A run under way, and how it is told to end."""

    run: Run
    thread: threading.Thread | None = None
    called_off: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    refused: StranglerError | None = None
    kept_at: float = 0.0


class PlanRuns:
    """Carries steps out with the API as those have it who asked for it, and keeps what became of them in `documents`,
    of each plan the last. What is under way when the process dies stands where the world is, as with the command.
    """

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}

    def begin(self, plan: Plan, step: Step, act: RunAct, client: ControlClient, *, who: str, confirm: str = "") -> Run:
        """Begin to apply or undo the step with `client`, which is closed at the end; gives the run as it is once
        something has happened, or after two seconds. Blocks so long. Raises StranglerError where it is refused at once:
        PlanWaits when somebody is at the plan."""
        running = _Running(Run(plan.name, step.id, act, who, holder_of(who[:_LONGEST_WHO]), time.time()))
        with self._lock:
            present = self._running.get(plan.name)
            if present is not None:
                client.close()
                raise PlanWaits(f"{present.run.holder} is at it: one at a time.", "Wait until they are done.")
            running.thread = threading.Thread(
                target=self._carry_out,
                args=(running, plan, step, client, confirm),
                name=f"plan-{plan.name}",
                daemon=True,
            )
            # First, for what does not begin must not hold the plan.
            running.thread.start()
            self._running[plan.name] = running
        running.begun.wait(_BEGINS_WITHIN)
        if running.refused is not None:
            raise running.refused
        return running.run

    def call_off(self, plan: str) -> bool:
        """Let whatever runs here of that plan end at its next pause; whether something does."""
        with self._lock:
            running = self._running.get(plan)
        if running is None:
            return False
        running.called_off.set()
        return True

    def last(self, plan: str) -> dict[str, Any] | None:
        """The run of that plan that goes on, on whichever replica, or the one that was last; None before the first.
        Raises StoreUnavailable."""
        with self._lock:
            running = self._running.get(plan)
        if running is not None:
            return running.run.to_json()
        document = self._documents.read(_KIND, plan)
        return None if document is None else dict(document.content["run"])

    async def close(self) -> None:
        """Call everything off, and wait a moment for it to let go of its leases."""
        with self._lock:
            threads = [each.thread for each in self._running.values()]
            for each in self._running.values():
                each.called_off.set()
        for thread in threads:
            if thread is not None:
                await asyncio.to_thread(thread.join, _ENDS_WITHIN)

    def _carry_out(self, running: _Running, plan: Plan, step: Step, client: ControlClient, confirm: str) -> None:
        def tell(told: Told) -> None:
            now = time.time()
            running.run = running.run.heard(told, now)
            if told.kind not in _CHANGING or now - running.kept_at >= _KEEP_EVERY:
                running.kept_at = now
                self._keep(running.run)
            running.begun.set()

        run = running.run
        try:
            with client:
                folder = plan.path.resolve().parent
                world = ServedWorld(
                    client,
                    plan.name,
                    folder,
                    who=run.who[:_LONGEST_WHO],
                    show=_log.info,
                    called_off=running.called_off,
                )
                engine = Engine(plan, world, who=run.who, tell=tell)
                stands = engine.apply(step, confirm=confirm) if run.act is RunAct.APPLY else engine.undo(step)
            ended = _ended(running.run, stands)
        except CalledOff as error:
            ended = running.run.ended(time.time(), "called off", str(error))
        except StranglerError as error:
            running.refused = error
            ended = running.run.ended(time.time(), "refused", str(error))
        except Exception:
            _log.exception("step %s of the plan %s failed", step.id, plan.name)
            ended = running.run.ended(time.time(), "broken", "The control plane failed at this; its log says how.")
        running.run = ended
        if running.refused is None or running.begun.is_set():
            self._keep(ended)
        with self._lock:
            del self._running[plan.name]
        running.begun.set()

    def _keep(self, run: Run) -> None:
        """Keep it where all replicas can read it; where the store does not answer, it goes on all the same."""
        content, now = {"run": run.to_json()}, datetime.now(UTC)
        try:
            document = self._documents.read(_KIND, run.plan)
            expected = 0 if document is None else document.version
            self._documents.write(_KIND, run.plan, content, expected=expected, at=now)
        except (StoreUnavailable, DocumentConflict) as error:
            _log.warning("what became of step %s so far is not kept: %s", run.step, error)
        except Exception:
            # Whatever it was, the plan must not stay held by a run that is over.
            _log.exception("what became of step %s so far is not kept", run.step)


def _ended(run: Run, stands: Standing) -> Run:
    return run.ended(time.time(), stands.state.value, stands.reason)
