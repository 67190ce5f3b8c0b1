"""Since when a toggle has stood where it stands."""

from __future__ import annotations

from collections.abc import Iterable

from strangler.toggles import AuditEntry, Toggle

__all__ = ["began"]


def began(toggle: Toggle, entries: Iterable[AuditEntry]) -> float | None:
    """When its stage and share last changed (seconds since 1970), by its audit, newest first; None where that is not
    told. What only overrides changed does not count."""
    found = None
    for entry in entries:
        if entry.name != toggle.name:
            continue
        if (entry.after.stage, entry.after.share) != (toggle.stage, toggle.share):
            break
        found = entry.at.timestamp()
    return found
