"""Who walks rollouts: looks at each once a second and does what `decide` says, in one process among all replicas."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakValueDictionary

from strangler.errors import (
    DocumentConflict,
    IllegalRollout,
    RevisionConflict,
    StoreUnavailable,
    ToggleError,
    UnknownRollout,
)
from strangler_proxy.notify import Notifier
from strangler_proxy.rollout.archive import Archive, Kept
from strangler_proxy.rollout.decide import Act, ActKind, Seen, decide
from strangler_proxy.rollout.follow import followed, held_back, intended
from strangler_proxy.rollout.news import action_of, notice_of, waiting_notice
from strangler_proxy.rollout.orders import aborted, begun, frozen, resumed
from strangler_proxy.rollout.rollout import OVER, START, Rollout, RolloutState
from strangler_proxy.rollout.schedule import Schedule
from strangler_proxy.rollout.world import Judge, Judged, Mover

__all__ = ["Look", "Rollouts"]

_EVERY: Final = 1.0
_TRIES: Final = 20
_BETWEEN_TRIES: Final = 0.15
_BETWEEN_LOOKS: Final = 0.05
_FRESH: Final = 3.0
_LONGEST_WHY: Final = 500
_REST: Final = 10.0
_LONGEST_REST: Final = 5.0
"""Looking at one rollout takes about a tenth of the time at most, for who looks at much looks less often; but no less
often than windows of traffic come."""

_log = logging.getLogger("strangler.rollout")


@dataclass(frozen=True, slots=True)
class Look:
    """A rollout, what it does now in a sentence, and the judgements that it goes by; looking `took` some seconds."""

    rollout: Rollout
    doing: str
    judged: Judged
    at: float
    took: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The look as plain JSON types."""
        rollout, station = self.rollout, self.rollout.station
        document = rollout.to_json()
        del document["format"]
        return {
            **document,
            "doing": self.doing,
            "until": None if station is None else rollout.since + station.seconds,
            "gates": {name: [each.to_json() for each in found] for name, found in self.judged.judgements.items()},
        }


class Rollouts:
    """The rollouts of a control plane: `run` walks them, people start, freeze, resume and abort them.

    Whichever replica leads acts. All state is in documents, and a move is written down before it is made: a death
    anywhere in between is taken up by whoever leads next.
    """

    def __init__(
        self,
        archive: Archive,
        mover: Mover,
        judge: Judge,
        notifier: Notifier,
        *,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._archive = archive
        self._mover = mover
        self._judge = judge
        self._notifier = notifier
        self._now = now
        self._pause = pause
        # Whoever orders chooses the names, so none is kept for longer than somebody holds it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._looks: dict[str, Look] = {}
        self._asked: set[tuple[str, float]] = set()
        self._hurry = asyncio.Event()
        self._error = ""
        self.going_on: tuple[Rollout, ...] = ()
        """Those that are not over, as they were at the last look."""

    async def run(self) -> None:
        """Look once a second until cancelled."""
        while True:
            try:
                await self.tick()
                self._error = ""
            except StoreUnavailable as error:
                if str(error) != self._error:
                    _log.error("%s Rollouts stand still.", error)
                self._error = str(error)
            except Exception:
                # Whatever it was, the guard must not end with it.
                _log.exception("rollouts could not be looked at")
            self._hurry.clear()
            try:
                async with asyncio.timeout(_EVERY):
                    await self._hurry.wait()
            except TimeoutError:
                continue

    async def tick(self) -> None:
        """One look at all of them, and an act of each where this process leads. Raises StoreUnavailable."""
        kept = await self._archive.listed()
        self.going_on = tuple(each.rollout for each in kept if each.rollout.state not in OVER)
        going_on = {each.name for each in self.going_on}
        self._looks = {name: look for name, look in self._looks.items() if name in going_on}
        self._asked &= {(each.name, each.since) for each in self.going_on}
        if not self.going_on or not await self._archive.leads():
            return
        now = self._now()
        names = [each.name for each in self.going_on if not self._rests(each, now)]
        for outcome in await asyncio.gather(*(self._step(name) for name in names), return_exceptions=True):
            if isinstance(outcome, StoreUnavailable):
                raise outcome
            if isinstance(outcome, Exception):
                _log.error("a rollout could not be looked at", exc_info=outcome)

    async def listed(self) -> list[Look]:
        """All rollouts, the ones that are over too, each as it stands now. Raises StoreUnavailable."""
        return [await self.look(each.rollout) for each in await self._archive.listed()]

    async def look(self, rollout: Rollout) -> Look:
        """How it stands: as it was judged a moment ago, else judged now."""
        if rollout.state in OVER or rollout.state is RolloutState.OVERTAKEN:
            return Look(rollout, rollout.reason, Judged(), self._now())
        known = self._looks.get(rollout.name)
        if known is not None and known.rollout == rollout and abs(self._now() - known.at) < _FRESH:
            return known
        seen, judged = await self._seen(rollout)
        return Look(rollout, decide(rollout, seen, self._now()).reason, judged, self._now())

    async def start(
        self, patterns: Sequence[str], schedule: Schedule, *, name: str | None, who: str, why: str
    ) -> Rollout:
        """Begin one of the toggles that the names or globs match. Raises UnknownToggle, IllegalRollout or
        StoreUnavailable."""
        snapshot = await self._mover.refreshed()
        toggles = {each.name: each for pattern in patterns for each in snapshot.matching(pattern)}
        called = name or ",".join(patterns)
        others = {each.rollout.name: each for each in await self._archive.listed()}
        rollout = begun(
            called,
            list(toggles.values()),
            schedule,
            who=who,
            why=why,
            now=self._now(),
            others=[each.rollout for each in others.values()],
        )
        detail = {"toggles": list(rollout.toggles), "schedule": rollout.schedule.to_json()}
        try:
            await self._archive.write(others.get(called), rollout, event=(who, "rollout.start", why, detail))
        except DocumentConflict as error:
            raise IllegalRollout(f"Somebody else has begun a rollout {called} just now.") from error
        self._hurry.set()
        return rollout

    async def freeze(self, name: str, *, who: str, why: str) -> Rollout:
        """Let it go no further. Raises UnknownRollout, IllegalRollout or StoreUnavailable."""
        return await self._order(name, lambda rollout: frozen(rollout, who, why), who, "rollout.freeze", why)

    async def resume(self, name: str, *, who: str, why: str) -> Rollout:
        """Let it go on. Raises as `freeze`."""
        snapshot = await self._mover.refreshed()

        def told(rollout: Rollout) -> Rollout:
            own = [snapshot.toggles[each] for each in rollout.toggles if each in snapshot.toggles]
            return resumed(rollout, own, who, why, self._now())

        return await self._order(name, told, who, "rollout.resume", why)

    async def abort(self, name: str, *, who: str, why: str, wait: float = 0.0) -> Rollout:
        """End it, and take its toggles back to where it began; gives it as it is then, or after `wait` seconds.

        Raises as `freeze`.
        """
        rollout = await self._order(name, lambda each: aborted(each, who, why), who, "rollout.abort", why)
        return await self._arrived(rollout, wait)

    async def _order(self, name: str, order: Callable[[Rollout], Rollout], who: str, action: str, why: str) -> Rollout:
        for attempt in range(_TRIES):
            async with self._lock(name):
                kept = await self._archive.read(name)
                if kept is None:
                    raise UnknownRollout(
                        f"There is no rollout {name!r}.", "`strangler rollout list` names those that there are."
                    )
                # A move under way is over in a moment, unless nobody makes it.
                if kept.rollout.pending is None or attempt == _TRIES - 1:
                    rollout = order(kept.rollout)
                    try:
                        await self._archive.write(kept, rollout, event=(who, action, why, {}))
                    except DocumentConflict:
                        continue
                    self._looks.pop(name, None)
                    self._hurry.set()
                    return rollout
            await self._pause(_BETWEEN_TRIES)
        raise IllegalRollout(f"{name} changes all the time.", "Try again in a moment.")

    async def _arrived(self, rollout: Rollout, seconds: float) -> Rollout:
        """The rollout once no move of it is under way, whoever makes it, or as it is after so many seconds."""
        for _ in range(math.ceil(seconds / _BETWEEN_LOOKS)):
            if rollout.pending is None:
                break
            await self._pause(_BETWEEN_LOOKS)
            try:
                kept = await self._archive.read(rollout.name)
            except StoreUnavailable:
                # What was ordered stands in the store all the same, and is done when it is back.
                break
            if kept is None:
                break
            rollout = kept.rollout
        return rollout

    async def _seen(self, rollout: Rollout) -> tuple[Seen, Judged]:
        left_alone = rollout.at == START or rollout.state is RolloutState.OVERTAKEN
        judged = Judged() if left_alone else await self._judge.judged(rollout)
        toggles = self._mover.snapshot.toggles
        own = {name: toggles[name] for name in rollout.toggles if name in toggles}
        return Seen(own, judged.judgements, judged.heard), judged

    def _lock(self, name: str) -> asyncio.Lock:
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        return lock

    def _rests(self, rollout: Rollout, now: float) -> bool:
        known = self._looks.get(rollout.name)
        return (
            known is not None
            and known.rollout == rollout
            and 0 <= now - known.at < min(_REST * known.took, _LONGEST_REST)
        )

    async def _step(self, name: str) -> None:
        """Look at one, and do what there is to be done."""
        async with self._lock(name):
            kept = await self._archive.read(name)
            if kept is None or kept.rollout.state in OVER:
                self._looks.pop(name, None)
                return
            rollout = kept.rollout
            if rollout.pending is not None:
                # Whether another process made that move is not known here yet.
                await self._mover.refreshed()
            began = self._now()
            seen, judged = await self._seen(rollout)
            revision = self._mover.snapshot.revision
            act = decide(rollout, seen, self._now())
            if act.kind is ActKind.YIELD:
                # What was moved by another replica a moment ago is not known here yet.
                revision = (await self._mover.refreshed()).revision
                seen, judged = await self._seen(rollout)
                act = decide(rollout, seen, self._now())
            now = self._now()
            self._looks[name] = Look(rollout, act.reason, judged, now, now - began)
            try:
                await self._do(kept, act, seen, revision)
            except DocumentConflict:
                # Somebody told it something else meanwhile: that is looked at next.
                self._hurry.set()

    async def _do(self, kept: Kept, act: Act, seen: Seen, revision: int) -> None:
        match act.kind:
            case ActKind.NOTHING:
                return
            case ActKind.HOLD:
                self._ask_once(kept.rollout, seen)
            case ActKind.ADVANCE | ActKind.BACK:
                await self._move(kept, act, seen, revision)
            case _:
                await self._keep(kept, followed(kept.rollout, act, self._now(), seen.heard), seen)

    async def _move(self, kept: Kept, act: Act, seen: Seen, revision: int) -> None:
        rollout, intent = kept.rollout, act.intent
        if intent is None:
            raise TypeError("a move leads somewhere")
        if rollout.pending != intent:
            kept = await self._archive.write(kept, intended(rollout, act))
        if not await self._archive.leads():
            return
        evidence = {
            name: {"rollout": rollout.name, "gates": [each.to_json() for each in seen.judgements.get(name, ())]}
            for name in rollout.toggles
        }
        try:
            await self._mover.flip(
                rollout.toggles,
                intent.place.move,
                who=rollout.mover,
                why=intent.reason[:_LONGEST_WHY],
                expected_revision=revision,
                evidence=evidence,
            )
        except RevisionConflict:
            # Somebody moved something: the next look, at once, sees whether it was one of these.
            await self._mover.refreshed()
            self._hurry.set()
            return
        except ToggleError as error:
            await self._keep(kept, held_back(kept.rollout, act, str(error)), seen)
            return
        await self._keep(kept, followed(kept.rollout, act, self._now(), seen.heard), seen)

    async def _keep(self, kept: Kept, rollout: Rollout, seen: Seen) -> None:
        """Write what became of it into the store and the audit, and tell whom it concerns."""
        action = action_of(kept.rollout, rollout)
        event = None
        if action:
            detail = {"place": rollout.place.to_json(), "gates": seen.evidence()}
            event = (rollout.mover, action, rollout.reason, detail)
            level = logging.INFO if rollout.state is RolloutState.RUNNING else logging.WARNING
            _log.log(level, "%s: %s", rollout.mover, rollout.reason)
        await self._archive.write(kept, rollout, event=event)
        notice = notice_of(kept.rollout, rollout, seen)
        if notice is not None:
            self._notifier.tell(notice)

    def _ask_once(self, rollout: Rollout, seen: Seen) -> None:
        """Tell once for each stay at a station that a person's word is all that is waited for."""
        key = rollout.name, rollout.since
        notice = waiting_notice(rollout, seen, self._now())
        if notice is not None and key not in self._asked:
            self._asked.add(key)
            self._notifier.tell(notice)
