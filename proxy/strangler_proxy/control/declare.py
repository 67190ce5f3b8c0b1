"""What the configuration asks of the toggles, and whether a store and the snapshot in force belong together. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from strangler.toggles import BUCKETS, Kind, Snapshot, Stage, Toggle, default_salt
from strangler_proxy.config.values import Config

__all__ = ["Declaration", "declare", "estrangement"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """Toggles that are new or must change to fit the configuration, and what could not be fitted, in words.

    `settled` names those that fit it, with these changes.
    """

    toggles: tuple[Toggle, ...] = ()
    notes: tuple[str, ...] = ()
    settled: frozenset[str] = frozenset()


def declare(snapshot: Snapshot, config: Config, *, settled: Collection[str] = ()) -> Declaration:
    """What must be put into `snapshot` for the routes and seams of `config`.

    A new route or seam begins in stage `monolith`; a route without a twin needs no toggle. Another salt would move
    customers, so it is taken over only while no share depends on it; else the old one stays, with a note. What is
    `settled`, for it has fitted before, is left to whoever changed it since: another replica with another
    configuration, which would change it back.
    """
    toggles: list[Toggle] = []
    notes: list[str] = []
    fits: set[str] = set()
    for wanted in _wanted(config):
        present = snapshot.toggles.get(wanted.name)
        if present is None:
            toggles.append(wanted)
            fits.add(wanted.name)
            continue
        if (present.kind, present.salt) == (wanted.kind, wanted.salt):
            fits.add(wanted.name)
            continue
        if wanted.name in settled:
            notes.append(
                f"{wanted.name} is a {present.kind} with the salt {present.salt!r} by another replica's strangler.toml,"
                f" and a {wanted.kind} with {wanted.salt!r} by this one's: give all replicas the same."
            )
            continue
        fitted = replace(present, kind=wanted.kind)
        if present.salt != wanted.salt:
            if present.stage is not Stage.CANARY or present.share in (0, BUCKETS):
                fitted = replace(fitted, salt=wanted.salt)
            else:
                notes.append(
                    f"{wanted.name} keeps the salt {present.salt!r} while its share is neither 0% nor 100%:"
                    f" {wanted.salt!r} would move customers from one side to the other."
                )
        if fitted != present:
            toggles.append(fitted)
        if fitted.salt == wanted.salt:
            fits.add(wanted.name)
    return Declaration(tuple(toggles), tuple(notes), frozenset(fits))


def _wanted(config: Config) -> list[Toggle]:
    routes = [
        Toggle(route.name, Kind.ROUTE, salt=route.salt or default_salt(route.name))
        for route in config.routes
        if route.twin
    ]
    seams = [Toggle(seam.name, Kind.SEAM, salt=seam.salt or default_salt(seam.name)) for seam in config.seams]
    return routes + seams


def estrangement(stored: Snapshot, served: Snapshot) -> str | None:
    """Why `stored` cannot be what became of `served`, or None when it can.

    A store that was lost, restored from an old backup or swapped for another must not move anybody: its revision is
    behind, or a toggle differs though nothing newer than the snapshot in force has moved it.
    """
    if stored.revision < served.revision:
        return (
            f"the store is at revision {stored.revision}, behind revision {served.revision} which is in force: it was"
            " made anew, or restored from an old backup"
        )
    for name, toggle in served.toggles.items():
        kept = stored.toggles.get(name)
        if kept is None:
            return f"the store does not know {name}, which is in force: it is another store"
        if kept.revision <= served.revision and not kept.says_as(toggle):
            return f"the store holds another state of {name} than the one in force: it is another store"
    return None
