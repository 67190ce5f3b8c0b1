from __future__ import annotations

import os
from pathlib import Path

import pytest
from strangler_proxy.cli.present import present_toggles
from strangler_proxy.config.values import Address, Config, Upstream
from strangler_proxy.state import StateDir

from strangler.errors import StranglerError


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere, so the answer of the system is given here.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StranglerError, match="belongs to another user, or cannot be written to"):
        StateDir(tmp_path).create()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StranglerError, match="cannot be made"):
        StateDir(tmp_path / "file" / "state").create()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_whoever_may_not_look_into_the_folder_is_told_so(tmp_path: Path) -> None:
    upstreams = {"monolith": Upstream("monolith", Address("127.0.0.1", 1))}
    config = Config(path=tmp_path / "strangler.toml", upstreams=upstreams, routes=())
    StateDir.of(config).create()
    StateDir.of(config).path.chmod(0)
    with pytest.raises(StranglerError, match="cannot be read"):
        present_toggles(config, config.path, {})
