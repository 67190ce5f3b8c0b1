"""`strangler status` while no control plane answers."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from pathlib import Path

from strangler_proxy.cli.status import told_stale

from strangler.toggles import Snapshot
from tests.proxy.cli.operated import CONFIG, flip, folder, run, store

__all__ = ["folder", "store"]


def test_without_a_control_plane_what_is_in_force_is_told_as_stale(folder: Path) -> None:
    assert flip("catalog.list", "canary", "--share", "10%", "--force").exit_code == 3
    assert "STALE" not in run("status").stdout
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    (folder / "strangler.toml").write_text(CONFIG.format(port=port))
    ended = run("status")
    assert (ended.exit_code, f"Nothing answers at http://127.0.0.1:{port}" in ended.stderr) == (4, True)
    first, *rest = ended.stdout.splitlines()
    assert first.startswith("STALE: what is in force is not confirmed. Workers that serve decide by revision 2 (")
    assert ["catalog.list", "route", "canary", "10%"] in [line.split() for line in rest]
    assert set(json.loads(run("status", "--json").stdout)) == {"error"}


def test_where_nothing_was_ever_in_force_nothing_is_stale(folder: Path) -> None:
    (folder / ".strangler" / "toggles.json").unlink()
    (folder / "strangler.toml").write_text(CONFIG.format(port=0))
    ended = run("status")
    assert (ended.exit_code, ended.stdout) == (4, "")


def test_a_snapshot_that_was_never_moved_has_no_age() -> None:
    assert told_stale(Snapshot(), datetime.now(UTC)).endswith("by revision 0 (never moved)")
