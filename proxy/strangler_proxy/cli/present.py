"""The toggles as they stand: from the control plane when it answers, else from the snapshot on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strangler.errors import ControlRefused, ControlUnreachable, StranglerError
from strangler.toggles import Snapshot, read_snapshot
from strangler_proxy.cli.output import warn
from strangler_proxy.config.values import Config
from strangler_proxy.state import StateDir

__all__ = ["Present", "present_toggles"]


@dataclass(frozen=True, slots=True)
class Present:
    """A snapshot and where it was found, in words; revision 0 without toggles where there is none anywhere."""

    snapshot: Snapshot
    source: str

    def __str__(self) -> str:
        return f"revision {self.snapshot.revision}, {self.source}" if self.snapshot.toggles else self.source


def present_toggles(config: Config, path: Path, environment: Mapping[str, str] = os.environ) -> Present:
    """The toggles of the proxy that runs with this configuration. Raises SnapshotError for a broken file on disk."""
    state = StateDir.of(config)
    # Without a token nobody was ever started here, and there is nobody to ask.
    if environment.get("STRANGLER_TOKEN") or os.path.lexists(state.token):
        from strangler_proxy.cli.remote import control_client, edited, is_edited

        try:
            with control_client(path, environment) as client:
                snapshot = client.snapshot()
        except ControlUnreachable:
            pass
        except ControlRefused:
            return _on_disk(state, "; the control plane refused, `strangler status` says why")
        except StranglerError as error:
            # Such as a token that others can read: worth knowing, but the snapshot on disk still tells.
            return _on_disk(state, f"; the control plane was not asked: {error}")
        else:
            if is_edited(path, environment):
                warn(edited(path))
            return Present(snapshot, "from the control plane")
    return _on_disk(state, "; the control plane does not answer")


def _on_disk(state: StateDir, why: str) -> Present:
    snapshot = read_snapshot(state.snapshot)
    if snapshot is None:
        return Present(Snapshot(), "no snapshot yet: every route begins in stage monolith")
    return Present(snapshot, f"from {state.snapshot}{why}")
