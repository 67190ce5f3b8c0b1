"""The ids that a comparer has learned to belong together, kept in the state folder so that a restart knows them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from strangler.compare import MemoryIdMap, Rules

__all__ = ["LearnedIds"]

_SAVE_EVERY: Final = 10.0

_log = logging.getLogger("strangler.comparer")


class LearnedIds:
    """The id map of one comparer, made of the tables of `rules` and of what `path` holds; `write` writes a text to a
    path, whole or not at all. What cannot be read is learned anew, and what cannot be written is kept in memory."""

    def __init__(self, rules: Rules, path: Path, write: Callable[[Path, str], None]) -> None:
        self._path = path
        self._write = write
        self._kept = ""
        self.map = self._read(rules)

    def _read(self, rules: Rules) -> MemoryIdMap:
        try:
            found = rules.id_map(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return rules.id_map()
        except (OSError, ValueError, RecursionError, AttributeError) as error:
            _log.warning("%s cannot be read (%s): ids are learned anew", self._path, error)
            return rules.id_map()
        self._kept = _text(found)
        return found

    async def run(self) -> None:
        """Save every ten seconds until cancelled."""
        while True:
            await asyncio.sleep(_SAVE_EVERY)
            self.save()

    def save(self) -> None:
        """Write what was learned since."""
        text = _text(self.map)
        if text == self._kept:
            return
        try:
            self._write(self._path, text)
        except OSError as error:
            _log.error("%s cannot be written: %s", self._path, error.strerror or error)
            return
        self._kept = text


def _text(ids: MemoryIdMap) -> str:
    return json.dumps(ids.learned(), separators=(",", ":"))
