"""Rollouts in the store of documents: read, listed, and written by compare-and-swap."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from strangler.documents import Document, DocumentStore, Event
from strangler.errors import SnapshotError
from strangler_proxy.rollout.rollout import Rollout

__all__ = ["KIND", "Archive", "Kept"]

KIND: Final = "rollout"

_log = logging.getLogger("strangler.rollout")


@dataclass(frozen=True, slots=True)
class Kept:
    """A rollout as the store has it, under a version."""

    version: int
    rollout: Rollout


class Archive:
    """The rollouts in `documents`. Every method raises StoreUnavailable where it does not answer."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._unreadable: dict[str, int] = {}

    async def leads(self) -> bool:
        """Whether this process is the one that walks rollouts."""
        return await asyncio.to_thread(self._documents.lead, "rollouts")

    async def listed(self) -> list[Kept]:
        """All that can be read, by name. One that another version of Strangler wrote is logged, and left alone."""
        found = (self._read(each) for each in await asyncio.to_thread(self._documents.listed, KIND))
        return [each for each in found if each is not None]

    async def read(self, name: str) -> Kept | None:
        """The rollout of that name; None where there is none that can be read."""
        document = await asyncio.to_thread(self._documents.read, KIND, name)
        return None if document is None else self._read(document)

    async def write(
        self, kept: Kept | None, rollout: Rollout, *, event: tuple[str, str, str, dict[str, Any]] | None = None
    ) -> Kept:
        """Put `rollout` in the place of `kept` (None: there must be none), with an event: who, action, why, detail.

        Raises DocumentConflict when somebody else wrote it meanwhile; then nothing was written.
        """
        at = datetime.now(UTC)
        told = None
        if event is not None:
            who, action, why, detail = event
            told = Event(at, who, action, rollout.name, why, detail)
        expected = 0 if kept is None else kept.version
        written = await asyncio.to_thread(
            lambda: self._documents.write(KIND, rollout.name, rollout.to_json(), expected=expected, at=at, event=told)
        )
        if written is None:
            raise TypeError("a document that is written is given back")
        return Kept(written.version, rollout)

    def _read(self, document: Document) -> Kept | None:
        try:
            return Kept(document.version, Rollout.from_json(document.content))
        except SnapshotError as error:
            if self._unreadable.get(document.name) != document.version:
                self._unreadable[document.name] = document.version
                _log.error("the rollout %s cannot be read, and is left alone: %s", document.name, error)
            return None
