"""One toggle: the runtime state of a route or seam, and which side it gives a subject."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from strangler.errors import SnapshotError
from strangler.toggles.bucket import BUCKETS, bucketer
from strangler.toggles.stage import Kind, Side, Stage

__all__ = ["GROUP", "NAME_PATTERN", "Toggle", "default_salt"]

NAME_PATTERN: Final = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*")

# What an override's key begins with that is for a group of subjects.
GROUP: Final = "group:"

# Enum members are looked up once here: on the hot path each look-up would cost as much as the rest of the decision.
_MONOLITH: Final = Side.MONOLITH
_CANDIDATE: Final = Side.CANDIDATE
_SETTLED: Final = {
    Stage.MONOLITH: _MONOLITH,
    Stage.SHADOW: _MONOLITH,
    Stage.EXTRACTED: _CANDIDATE,
    Stage.RETIRED: _CANDIDATE,
}


def default_salt(name: str) -> str:
    """What a toggle's buckets are salted with unless its configuration says otherwise.

    The part of the name before the first dot, its bounded context: a subject that gets the candidate's product list
    then gets its product pages too.
    """
    return name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Toggle:
    """The runtime state of a route or seam.

    `share` counts in buckets (0 to 100,000) and rules in stage `canary` only, as do `overrides`: subjects whose side is
    set by hand, and groups of them, as `group:NAME`. `groups` are the latter by name. `salt` seeds the buckets.
    `revision` is the snapshot revision that last moved this toggle, 0 for never.
    """

    name: str
    kind: Kind = Kind.ROUTE
    stage: Stage = Stage.MONOLITH
    share: int = 0
    overrides: Mapping[str, Side] = field(default_factory=dict)
    salt: str = ""
    revision: int = 0
    groups: Mapping[str, Side] = field(init=False, repr=False, compare=False, default_factory=dict)
    _bucket: Any = field(init=False, repr=False, compare=False, default=None)
    _settled: Side | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if not NAME_PATTERN.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a toggle's name; use a-z, 0-9, - and _, with dots between parts")
        if not 0 <= self.share <= BUCKETS:
            raise ValueError(f"{self.name}: a share lies between 0 and {BUCKETS} buckets, not {self.share}")
        if not self.salt:
            object.__setattr__(self, "salt", default_salt(self.name))
        object.__setattr__(self, "overrides", MappingProxyType(dict(self.overrides)))
        groups = {key.removeprefix(GROUP): side for key, side in self.overrides.items() if key.startswith(GROUP)}
        object.__setattr__(self, "groups", MappingProxyType(groups))
        object.__setattr__(self, "_bucket", bucketer(self.salt))
        object.__setattr__(self, "_settled", _SETTLED.get(self.stage))

    @property
    def asks_subject(self) -> bool:
        """Whether the side depends on who asks: in `canary`, but for a share of none or all without overrides."""
        return self.stage is Stage.CANARY and (0 < self.share < BUCKETS or bool(self.overrides))

    def says_as(self, other: Toggle | None) -> bool:
        """Whether `other` is a toggle in the same state, whichever revision last moved either."""
        return other is not None and replace(self, revision=other.revision) == other

    def side(self, subject: str = "", groups: Iterable[str] = ()) -> Side:
        """The side that answers `subject`, who belongs to `groups`. Pure; outside stage `canary` neither matters.

        The subject's own override comes first, then that of the first of `groups` that has one, then the share.
        """
        settled = self._settled
        if settled is not None:
            return settled
        if self.overrides:
            if subject in self.overrides and not subject.startswith(GROUP):
                return self.overrides[subject]
            for group in groups if self.groups else ():
                if group in self.groups:
                    return self.groups[group]
        return _CANDIDATE if self._bucket(subject) < self.share else _MONOLITH

    def to_json(self) -> dict[str, Any]:
        """The toggle as plain JSON types, for the snapshot, the audit and the control API."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "stage": self.stage.value,
            "share": self.share,
            "overrides": {subject: side.value for subject, side in sorted(self.overrides.items())},
            "salt": self.salt,
            "revision": self.revision,
        }

    @classmethod
    def from_json(cls, document: Any) -> Toggle:
        """The toggle that `to_json` wrote. Raises SnapshotError for anything else."""
        try:
            return cls(
                name=str(document["name"]),
                kind=Kind(document["kind"]),
                stage=Stage(document["stage"]),
                share=int(document["share"]),
                overrides={str(subject): Side(side) for subject, side in document["overrides"].items()},
                salt=str(document["salt"]),
                revision=int(document["revision"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise SnapshotError(f"not a toggle: {error!r} in {str(document)[:200]}") from error
