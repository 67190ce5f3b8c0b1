"""What is not as it should be about a control plane, by its status: in sentences, each with what it is about. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from strangler_proxy.plain import plain
from strangler_proxy.words import moment

__all__ = ["Trouble", "TroubleKind", "others", "troubles_of"]


class TroubleKind(StrEnum):
    """What a trouble is about."""

    STORE = "store"
    DISK = "disk"
    WORKER = "worker"
    REPLICA = "replica"
    EVIDENCE = "evidence"
    COMPARER = "comparer"
    UPSTREAM = "upstream"
    RELOAD = "reload"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is not well: what kind of thing, which one (empty where there is only one), and a sentence."""

    kind: TroubleKind
    name: str
    text: str

    @property
    def about(self) -> str:
        """What it is about: `worker 1`."""
        return f"{self.kind} {self.name}".rstrip()

    def __str__(self) -> str:
        return f"{self.about}{' ' if self.kind is TroubleKind.RELOAD else ': '}{self.text}"


def others(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The replicas of a status but the one that told it."""
    return [replica for replica in state.get("replicas", ()) if not replica["this"]]


def troubles_of(state: Mapping[str, Any]) -> Iterator[Trouble]:
    """Everything in a status that wants looking at; rollouts aside, which tell of themselves."""
    for kind in (TroubleKind.STORE, TroubleKind.DISK):
        if state[kind]["error"]:
            yield Trouble(kind, "", state[kind]["error"])
    for worker in state["workers"]:
        if not worker["live"]:
            yield Trouble(TroubleKind.WORKER, str(worker["slot"]), _absence(worker, state["revision"]))
    for replica in others(state):
        if replica["state"] != "live":
            name, trouble = plain(replica["name"]), _replica_trouble(replica, state["revision"])
            yield Trouble(TroubleKind.REPLICA, name, trouble)
    if state.get("evidence", {}).get("error"):
        yield Trouble(TroubleKind.EVIDENCE, "", f"{state['evidence']['error']} It waits in memory; toggles go on.")
    for comparer in state.get("comparers", ()):
        if not comparer["live"]:
            gone = "is not there, or hangs; unequal pairs are dropped"
            yield Trouble(TroubleKind.COMPARER, str(comparer["number"]), gone)
    for upstream in state.get("upstreams", ()):
        for trouble in upstream["troubles"]:
            yield Trouble(TroubleKind.UPSTREAM, upstream["name"], trouble)
    reloaded = state.get("reload")
    if reloaded and not reloaded["ok"]:
        at = moment(reloaded["at"])
        text = f"refused at {at}, what was in force still is:\n{reloaded['message']}"
        yield Trouble(TroubleKind.RELOAD, "", text)
    for note in state["notes"]:
        yield Trouble(TroubleKind.NOTE, "", note)


def _absence(worker: Mapping[str, Any], revision: int) -> str:
    if worker["pid"] is None:
        return "is not linked to the control plane; if it serves, then by the last revision it had"
    if worker["revision"] > revision:
        return (
            f"decides by revision {worker['revision']}, newer than the one in force: the store and the snapshot on disk"
            " were lost together. Start `strangler serve` again."
        )
    if worker["revision"] == revision:
        return "hangs: it has not been heard for some seconds, and is killed and replaced after proxy.hang_timeout"
    return f"has not acknowledged yet; it decides by revision {worker['revision']}"


def _replica_trouble(replica: Mapping[str, Any], revision: int) -> str:
    if replica["state"] == "lost":
        return (
            f"LOST, not heard of for {replica['heard_seconds']:.0f} s; if it serves, then by revision"
            f" {replica['revision']} or whatever it had last, and moves do not wait for it"
        )
    late = [each for each in replica["workers"] if not each["live"] or each["revision"] < revision]
    told = ", ".join(_lateness(worker, replica["revision"]) for worker in late)
    return f"STALE, at revision {replica['revision']} of {revision}" + (f": {told}" if told else "")


def _lateness(worker: Mapping[str, Any], revision: int) -> str:
    name = f"worker {worker['slot']}"
    if worker["pid"] is None:
        return f"{name} is not there"
    hangs = " and hangs" if not worker["live"] and worker["revision"] == revision else ""
    return f"{name} decides by revision {worker['revision']}{hangs}"
