"""A folder with a configuration in it, and the command line to run there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main

CONFIG = """\
[upstreams.monolith]
url = "http://127.0.0.1:8000"

[upstreams.catalog]
url = "http://127.0.0.1:8100"

[[routes]]
name = "catalog.product-detail"
path = "/api/v1/products/<int:id>/"
candidate = "catalog"
rewrite = "/v1/products/<id>"

[[routes]]
name = "catalog.any"
methods = ["GET", "POST"]
path = "/api/v1/<path:rest>"
candidate = "catalog"

[[routes]]
name = "catalog.new"
path = "/new/"
candidate = "catalog"
twin = false

[[seams]]
name = "catalog.facts"
"""

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, which is also where the command line runs."""
    for name in ("STRANGLER_CONFIG", "STRANGLER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "strangler.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run() -> Run:
    """Runs `strangler` with arguments."""

    def running(*arguments: str, **more: Any) -> Result:
        return CliRunner().invoke(main, arguments, **more)

    return running


@pytest.fixture
def run_json(run: Run) -> Callable[..., Any]:
    """The same with --json: the document that was answered."""
    return lambda *arguments: json.loads(run(*arguments, "--json").stdout)
