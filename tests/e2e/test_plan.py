"""A plan that is run against the real proxy: killed, held up by a person, undone by hand, and rendered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo.stack import ROOT, Stack
from tests.e2e.conftest import Strangler
from tests.waiting import until

pytestmark = [pytest.mark.usefixtures("at_monolith"), pytest.mark.timeout(600)]

PLAN = """# A plan of a test

## Reviews

### Both are asked

```toml step=shadow
moves = [{ flip = "catalog.reviews", stage = "shadow" }]

[before]
command = "strangler status"

[after]
time = "3s"
```

### Some have it

```toml step=canary
owner = "catalogue team"
needs = ["shadow"]
moves = [
  { approval = "the owner" },
  { flip = "catalog.reviews", stage = "canary", share = "10%" },
  { command = "echo token=$STRANGLER_TEST_SECRET" },
]
undo = [{ flip = "catalog.reviews", stage = "shadow" }]
```
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / f"plan_{tmp_path.name}.md"
    path.write_text(PLAN)
    monkeypatch.setenv("STRANGLER_PLAN", str(path))
    monkeypatch.setenv("STRANGLER_TEST_SECRET", "hush-hush-hush")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return path


def test_a_plan_survives_kill_9_waits_for_people_and_sees_what_was_undone_by_hand(
    stack: Stack, strangler: Strangler, plan: Path
) -> None:
    def place() -> tuple[str, int]:
        toggles = {toggle["name"]: toggle for toggle in strangler("status")["toggles"]}
        return toggles["catalog.reviews"]["stage"], toggles["catalog.reviews"]["share"]

    command = [sys.executable, "-m", "strangler_proxy", "plan", "apply", "--yes"]
    applying = subprocess.Popen(command, cwd=ROOT, env=stack.environment, stderr=subprocess.DEVNULL)
    until(lambda: place()[0] == "shadow", seconds=60)
    applying.send_signal(signal.SIGKILL)
    applying.wait()
    (shadow, canary) = strangler("plan", "status")["steps"]
    assert (shadow["state"], canary["state"]) == ("running", "not ready")

    # The dead one's lease is no obstacle, and what it did is not done again.
    (shadow,) = strangler("plan", "apply", "--yes")["steps"]
    assert shadow["state"] == "done"
    moves = strangler("history", "catalog.reviews")["entries"]
    assert [entry["to"]["stage"] for entry in moves][:1] == ["shadow"]
    assert moves[0]["evidence"]["step"] == "shadow"

    (canary,) = strangler("plan", "apply", "--auto", "--yes", code=3)["steps"]
    assert (canary["state"], place()[0]) == ("waiting", "shadow")
    strangler("plan", "approve", "canary", "--why", "looked at it")
    (canary,) = strangler("plan", "apply", "canary", "--yes")["steps"]
    assert (canary["state"], place()) == ("done", ("canary", 10_000))
    events = strangler("history", "--events", f"{plan.stem}/*")["events"]
    assert {"plan.begin", "plan.pass", "plan.done", "plan.approve"} <= {event["action"] for event in events}
    assert "hush-hush-hush" not in json.dumps(events)

    strangler("back", "catalog.reviews", "--why", "somebody was nervous")
    status = strangler("plan", "status", code=1)
    assert [step["state"] for step in status["steps"]] == ["drifted", "drifted"]
    strangler("plan", "verify", code=1)
    strangler("plan", "apply", "--until", "canary", "--yes")
    assert place() == ("canary", 10_000)
    strangler("plan", "undo", "canary", "--yes")
    assert place() == ("shadow", 0)


def test_a_plan_is_rendered_with_its_status_and_a_picture(stack: Stack, plan: Path, tmp_path: Path) -> None:
    for name in ("status.html", "status.md"):
        command = [sys.executable, "-m", "strangler_proxy", "plan", "render", "-o", str(tmp_path / name)]
        subprocess.run(command, cwd=ROOT, env={**stack.environment, "STRANGLER_PLAN": str(plan)}, check=True)
    page = (tmp_path / "status.html").read_text()
    assert 'role="img"' in page
    assert "<script" not in page
    assert "Both are asked" in page
    written = (tmp_path / "status.md").read_text()
    assert "](status.svg)" in written
    assert "| canary | **not ready** | catalogue team |" in written
    assert "routes and seams" in (tmp_path / "status.svg").read_text()
