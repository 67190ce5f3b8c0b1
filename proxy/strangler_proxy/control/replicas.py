"""The replicas that share our store: each says now and then what its workers decide by, and hears it of the others."""

from __future__ import annotations

import asyncio
import logging
import platform
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from strangler.documents import DocumentStore
from strangler.errors import StoreUnavailable
from strangler_proxy.config.values import Config
from strangler_proxy.state import StateDir

__all__ = ["Reached", "Replicas", "replica_name"]

_BEAT_SECONDS: Final = 2.0
_LOST_SECONDS: Final = 8.0
_DROPPED_SECONDS: Final = 600.0
_NOTED_SECONDS: Final = 3600.0
# Who waits for others looks again after so many seconds, and then less and less often.
_SHORTEST_LOOK: Final = 0.01
_LONGEST_LOOK: Final = 0.1

_log = logging.getLogger("strangler.replicas")


def replica_name(config: Config) -> str:
    """What this replica is called: as configured, else by its machine and its state folder, so that two on one machine
    differ, and a restart is not another one."""
    if config.replica:
        return config.replica
    folder = str(StateDir.of(config).path.resolve())
    return f"{platform.node()}-{sha256(folder.encode()).hexdigest()[:6]}"


@dataclass(frozen=True, slots=True)
class Reached:
    """Whose workers acknowledged a revision and whose did not, as `replica/slot`; and replicas not heard of."""

    acknowledged: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(slots=True)
class _Heard:
    """What a replica said last, when by its own clock (to know a newer word by), and how old that was by ours when it
    was read. Ages are measured here: other machines' clocks may be wrong."""

    content: Mapping[str, Any]
    at: float
    read: float
    age: float

    def seconds(self, now: float) -> float:
        return self.age + now - self.read


class Replicas:
    """This replica, called `name`, among those that share `documents`. `tell_of_us` gives what the others are told.

    `clock` gives seconds since 1970, `monotonic` seconds since whenever.
    """

    def __init__(
        self,
        name: str,
        documents: DocumentStore,
        tell_of_us: Callable[[], Mapping[str, Any]],
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._documents = documents
        self._tell_of_us = tell_of_us
        self._clock = clock
        self._monotonic = monotonic
        # A name alone does not tell two replicas apart that were given the same.
        self._instance = uuid4().hex
        self._others: dict[str, _Heard] = {}
        self._read_at = monotonic()
        self._told = False
        self._twin = False
        # When each was dropped, while that is noted.
        self._dropped: dict[str, float] = {}
        self._wanted = asyncio.Event()
        # A thread that is still telling must not tell once more after we have left.
        self._telling = threading.Lock()
        self._left = False

    async def run(self) -> None:
        """Tell and hear until cancelled."""
        while True:
            # Before, for what is to be told may change again while it is being told.
            self._wanted.clear()
            try:
                await self.beat()
            except StoreUnavailable:
                # Whoever follows the store says so.
                pass
            except Exception:
                _log.exception("other replicas could not be told or heard")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), _BEAT_SECONDS)

    def tell(self) -> None:
        """Tell the others now, and not only in a moment, if there are any."""
        if self._others:
            self._wanted.set()

    async def beat(self) -> None:
        """Tell once, and hear. Raises StoreUnavailable."""
        content = {**self._tell_of_us(), "instance": self._instance}
        self._take(await asyncio.to_thread(self._exchange, content))
        # By what we saw ourselves: at first sight only another machine's clock says how old a word is.
        for name in [name for name, heard in self._others.items() if self._read_at - heard.read > _DROPPED_SECONDS]:
            await asyncio.to_thread(self._documents.forget, name)
            del self._others[name]
            self._dropped[name] = self._read_at
            _log.warning("replica %s has not been heard of for %d s, and is dropped", name, _DROPPED_SECONDS)

    async def leave(self) -> None:
        """Be forgotten by the others, as far as the store answers."""
        with suppress(StoreUnavailable):
            await asyncio.to_thread(self._leave)

    async def acknowledged(self, revision: int, *, wait_seconds: float) -> Reached:
        """Wait until every worker of every other replica that is heard of decides by `revision` or a later one, or the
        time is over."""
        if not self._others:
            return Reached()
        loop = asyncio.get_running_loop()
        end, look = loop.time() + wait_seconds, _SHORTEST_LOOK
        while True:
            reached = self._reached(revision)
            left = end - loop.time()
            if not reached.missing or left <= 0:
                return reached
            await asyncio.sleep(min(look, left))
            look = min(look * 1.5, _LONGEST_LOOK)
            with suppress(StoreUnavailable):
                self._take(await asyncio.to_thread(self._documents.beats))

    def rows(self) -> list[dict[str, Any]]:
        """Every replica, this one too: its state in a word, its revision, how long ago it was heard, and its workers.

        `live` when all its workers decide by our revision or a later one, `stale` when one does not, `lost` when it has
        not been heard of for some seconds.
        """
        ours = self._tell_of_us()
        rows = [self._row(self.name, ours, None, ours["revision"])]
        rows += [self._row(name, heard.content, heard, ours["revision"]) for name, heard in self._others.items()]
        return sorted(rows, key=lambda row: str(row["name"]))

    def notes(self) -> list[str]:
        """What is odd about the replicas, in words."""
        notes = [
            f"Replica {name} has not been heard of for {_DROPPED_SECONDS / 60:.0f} minutes, and is not waited for or"
            " shown any more. If it is to serve again, start it; whatever it serves, it serves by what it had."
            for name in self._dropped
        ]
        if self._twin:
            notes.append(f"Another replica calls itself {self.name}, too: give each its own name (proxy.replica).")
        ours = self._tell_of_us()["config"]
        for name, heard in self._others.items():
            if heard.content.get("config") != ours and not self._is_lost(heard):
                notes.append(f"Replica {name} serves by another strangler.toml than this one.")
        return notes

    def _exchange(self, content: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], float]]:
        with self._telling:
            before = self._documents.beats()
            said = {name: content.get("instance") for name, content, _ in before}
            # At first it is what we said before we were started anew.
            self._twin = self._told and said.get(self.name, self._instance) != self._instance
            if not self._left:
                self._documents.beat(self.name, content, at=self._clock())
                self._told = True
            return before

    def _leave(self) -> None:
        with self._telling:
            self._left = True
            if self._told:
                self._documents.forget(self.name)

    def _take(self, beats: list[tuple[str, Mapping[str, Any], float]]) -> None:
        now = self._monotonic()
        self._read_at = now
        self._dropped = {name: at for name, at in self._dropped.items() if now - at < _NOTED_SECONDS}
        heard: dict[str, _Heard] = {}
        for name, content, at in beats:
            if name == self.name:
                continue
            before = self._others.get(name)
            if before is None:
                # Of one that is new to us, only its own clock tells how old its word is.
                heard[name] = _Heard(content, at, now, max(0.0, self._clock() - at))
            elif (before.content, before.at) != (content, at):
                heard[name] = _Heard(content, at, now, 0.0)
            else:
                heard[name] = before
            if not self._is_lost(heard[name]):
                self._dropped.pop(name, None)
        self._others = heard

    def _seconds(self, heard: _Heard) -> float:
        # As of our last look: while we cannot look, others are not lost by that.
        return heard.seconds(self._read_at)

    def _is_lost(self, heard: _Heard) -> bool:
        return self._seconds(heard) > _LOST_SECONDS

    def _reached(self, revision: int) -> Reached:
        acknowledged: list[str] = []
        missing: list[str] = []
        for name, heard in self._others.items():
            if self._is_lost(heard):
                continue
            for worker in heard.content["workers"]:
                reached = worker["revision"] is not None and worker["revision"] >= revision
                (acknowledged if reached else missing).append(f"{name}/{worker['slot']}")
        lost = (name for name, heard in self._others.items() if self._is_lost(heard))
        return Reached(tuple(acknowledged), tuple(missing), tuple(lost))

    def _row(self, name: str, content: Mapping[str, Any], heard: _Heard | None, revision: int) -> dict[str, Any]:
        workers = content["workers"]
        live = sum(bool(worker["live"]) for worker in workers)
        behind = content["revision"] < revision or live < len(workers)
        state = "lost" if heard is not None and self._is_lost(heard) else "stale" if behind else "live"
        return {
            "name": name,
            "this": heard is None,
            "state": state,
            "revision": content["revision"],
            "live": f"{live}/{len(workers)}",
            "heard_seconds": None if heard is None else round(self._seconds(heard), 3),
            "started_at": content["started_at"],
            "version": content["version"],
            "config": content["config"],
            "workers": [{key: worker[key] for key in ("slot", "pid", "revision", "live")} for worker in workers],
        }
