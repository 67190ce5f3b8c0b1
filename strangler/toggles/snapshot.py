"""All toggles at one revision: what is pushed to workers, read by seams and kept on disk."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from strangler.errors import SnapshotError, UnknownToggle
from strangler.toggles.toggle import Toggle

__all__ = ["FORMAT", "Snapshot", "read_snapshot", "write_snapshot"]

FORMAT: Final = 2
# Without overrides of groups, which it does not know.
_FIRST_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All toggles under one revision. `at` is when that revision came to be, in UTC."""

    revision: int = 0
    toggles: Mapping[str, Toggle] = field(default_factory=dict)
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def __post_init__(self) -> None:
        object.__setattr__(self, "toggles", MappingProxyType(dict(sorted(self.toggles.items()))))

    def __getitem__(self, name: str) -> Toggle:
        try:
            return self.toggles[name]
        except KeyError:
            raise UnknownToggle(f"There is no toggle {name!r}.", self._remedy(name)) from None

    def matching(self, pattern: str) -> list[Toggle]:
        """The toggles whose names match a glob such as `catalog.*`, by name. Raises UnknownToggle where none does."""
        found = [toggle for name, toggle in self.toggles.items() if fnmatchcase(name, pattern)]
        if not found:
            raise UnknownToggle(f"No toggle matches {pattern!r}.", self._remedy(pattern))
        return found

    def _remedy(self, name: str) -> str:
        near = get_close_matches(name, self.toggles, n=1)
        return f"Did you mean {near[0]!r}? `strangler routes` lists them." if near else "`strangler routes` lists them."

    def moved(self, toggles: Iterable[Toggle], *, revision: int, at: datetime) -> Snapshot:
        """This snapshot with `toggles` put in, each stamped with the new `revision`."""
        changed = {toggle.name: _stamped(toggle, revision) for toggle in toggles}
        return Snapshot(revision=revision, toggles={**self.toggles, **changed}, at=at)

    def to_json(self) -> dict[str, Any]:
        """The snapshot as plain JSON types: the one wire format, on disk and between processes.

        It is of the first format as long as that can say it, so that a monolith with an older library follows on.
        """
        return {
            "format": FORMAT if any(toggle.groups for toggle in self.toggles.values()) else _FIRST_FORMAT,
            "revision": self.revision,
            "at": self.at.isoformat(),
            "toggles": [toggle.to_json() for toggle in self.toggles.values()],
        }

    @classmethod
    def from_json(cls, document: Any) -> Snapshot:
        """The snapshot that `to_json` wrote. Raises SnapshotError for anything else."""
        try:
            if document["format"] not in (_FIRST_FORMAT, FORMAT):
                raise SnapshotError(
                    f"snapshot format {document['format']!r} is neither {_FIRST_FORMAT} nor {FORMAT}: written by"
                    " another version of Strangler"
                )
            toggles = [Toggle.from_json(each) for each in document["toggles"]]
            return cls(
                revision=int(document["revision"]),
                toggles={toggle.name: toggle for toggle in toggles},
                at=datetime.fromisoformat(document["at"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise SnapshotError(f"not a snapshot: {error!r}") from error


def _stamped(toggle: Toggle, revision: int) -> Toggle:
    return Toggle(
        name=toggle.name,
        kind=toggle.kind,
        stage=toggle.stage,
        share=toggle.share,
        overrides=toggle.overrides,
        salt=toggle.salt,
        revision=revision,
    )


def read_snapshot(path: Path) -> Snapshot | None:
    """The snapshot kept in `path`, None where there is none yet. Raises SnapshotError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SnapshotError(f"{path}: is not UTF-8: {error}") from error
    try:
        return Snapshot.from_json(json.loads(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise SnapshotError(f"{path}: is not JSON: {error}") from error
    except SnapshotError as error:
        raise SnapshotError(f"{path}: {error}") from error


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Keep `snapshot` in `path`, whole or not at all: written beside it, synced, renamed over it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(snapshot.to_json(), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
