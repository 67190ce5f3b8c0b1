"""What the doctor says of the shop and of two projects that are not ours, held to golden files.

After a change that is meant: `STRANGLER_GOLDEN=write python -m pytest tests/proxy/doctor`, then read what changed as a
team would.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from strangler_proxy.cli import main

GOLDEN = Path(__file__).parent / "golden"
CONFIG = """\
[proxy]
private_cookies = ["sessionid", "csrftoken"]

[upstreams.monolith]
url = "http://127.0.0.1:8000"
health = "/healthz"

[upstreams.catalog]
url = "http://127.0.0.1:8100"

[[routes]]
name = "catalog.product-detail"
path = "/api/v1/products/<int:id>/"
candidate = "catalog"

[[routes]]
name = "catalog.list"
path = "/catalogue"
candidate = "catalog"

[[routes]]
name = "catalog.reviews"
methods = ["GET", "POST"]
path = "/api/v1/products/<int:id>/reviews"
candidate = "catalog"
identity = "required"
"""


@pytest.mark.parametrize("name", ["shop", "oscar", "pretalx"])
def test_what_is_said_is_what_was_said_before(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("STRANGLER_VOUCH_SECRET", "STRANGLER_CONFIG", "STRANGLER_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("strangler.toml").write_text(CONFIG)
    result = CliRunner().invoke(
        main, ["doctor", "--facts", str(GOLDEN / f"{name}.json"), "--origin", "https://shop.example.com"]
    )
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("STRANGLER_GOLDEN") == "write":
        golden.write_text(result.stdout)
    assert result.stdout == golden.read_text()
    assert result.exit_code == 1
