"""A folder whose control plane answers in a test, and the command line to run there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main

from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving

__all__ = ["CONFIG", "flip", "folder", "run", "store"]

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
[control]
listen = "127.0.0.1:{port}"
[upstreams.monolith]
url = "http://127.0.0.1:1"
[upstreams.catalog]
url = "http://127.0.0.1:2"
"""


@pytest.fixture
def store() -> MemoryToggleStore:
    return MemoryToggleStore()


@pytest.fixture
def folder(tmp_path: Path, store: MemoryToggleStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose configuration names a control plane that answers; it has two workers that are never there."""
    monkeypatch.delenv("STRANGLER_CONFIG", raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    with serving(plane(tmp_path, store)) as client:
        (tmp_path / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        yield tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def flip(*words: str) -> Result:
    return run("flip", *words, "--why", "because", "--wait", "0")
