"""The plan in its file, which people edit while it is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from strangler_proxy.plan.on_disk import PlanOnDisk

from strangler.errors import ConfigError

ONE = '```toml step=one\n[before]\ncommand = "true"\n```\n'


def test_it_is_read_again_when_it_has_changed_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / "shop.md"
    path.write_text(ONE)
    plan = PlanOnDisk(path)
    first = plan.load()
    assert plan.load() is first
    path.write_text(ONE.replace("one", "two"))
    os.utime(path, ns=(1, 1))
    assert list(plan.load().steps) == ["two"]
    # As editors save: another file in its place, of the same size and time.
    other = tmp_path / "other.md"
    other.write_text(ONE.replace("one", "six"))
    os.utime(other, ns=(1, 1))
    other.replace(path)
    assert list(plan.load().steps) == ["six"]
    assert plan.name == "shop"


def test_a_wrong_one_is_wrong_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "shop.md"
    plan = PlanOnDisk(path)
    with pytest.raises(ConfigError, match="no such file"):
        plan.load()
    path.write_text("# nothing")
    for _ in range(2):
        with pytest.raises(ConfigError, match="has no step"):
            plan.load()
    path.write_text(ONE)
    assert list(plan.load().steps) == ["one"]
