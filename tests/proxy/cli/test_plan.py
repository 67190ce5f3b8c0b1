"""`strangler plan` against a control plane in a thread."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from strangler_proxy.cli import main
from strangler_proxy.cli.remote import control_client
from strangler_proxy.control import ControlPlane
from strangler_proxy.plan import load_plan
from strangler_proxy.plan.remote import RemoteWorld

from strangler.testing import MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.cli.operated import CONFIG
from tests.proxy.control.fakes import plane
from tests.proxy.control.server import TOKEN, serving
from tests.proxy.control.test_rollout_api import SCHEDULES
from tests.waiting import until

PLAN = f"""# Plan

## Lists

### Look

```toml step=look
[before]
command = "{sys.executable} -c 'print(1)'"
```

### Both

```toml step=both
owner = "list team"
needs = ["look"]
moves = [{{ flip = "catalog.list", stage = "shadow" }}]
```

### Some

```toml step=some
needs = ["both"]
moves = [
  {{ approval = "the owner" }},
  {{ flip = "catalog.list", stage = "canary", share = "10%" }},
  {{ command = "echo api_key=$SOME_API_KEY && test ! -e broken" }},
]
undo = [{{ flip = "catalog.list", stage = "shadow" }}]
```

### Gone

```toml step=gone
needs = ["some"]
one_way = "lists"
moves = [{{ flip = "catalog.list", stage = "extracted" }}, {{ flip = "catalog.list", stage = "retired" }}]

[checks]
nothing_left = {{ names = ["shop.lists"], within = ["shop"], delete = ["shop/lists.py"] }}
```
"""


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """A control plane that the configuration in the working folder names, and a plan and some code beside it."""
    for name in ("STRANGLER_CONFIG", "STRANGLER_PLAN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STRANGLER_TOKEN", TOKEN)
    monkeypatch.setenv("SOME_API_KEY", "hush-hush-hush")
    monkeypatch.setattr("strangler_proxy.plan.attempt._LOOK_EVERY", 0.02)
    monkeypatch.setattr("strangler_proxy.rollout.runner._EVERY", 0.02)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migration_plan.md").write_text(PLAN)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "lists.py").write_text("LISTS = 1\n")
    control = plane(tmp_path, MemoryToggleStore(), rollouts=SCHEDULES, workers=0)
    with serving(control) as client:
        (tmp_path / "strangler.toml").write_text(CONFIG.format(port=client.base_url.port))
        yield control


def run(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(main, ["plan", *words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def run_json(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


def states() -> list[str]:
    done = CliRunner().invoke(main, ["plan", "status", "--json"], catch_exceptions=False)
    return [step["state"] for step in json.loads(done.stdout)["steps"]]


def up_to_some() -> None:
    run("apply", "--until", "some", "--yes", code=3)
    run("approve", "some", "--why", "looked at it")
    run("apply", "some", "--yes")


def test_status_alone_says_where_what_for_what_and_how_back(control: ControlPlane) -> None:
    told = run("status").stdout
    assert "migration_plan.md: 0 of 4 steps done; 3 not ready, 1 ready" in told
    assert "Routes and seams: 3 at monolith" in told
    assert "Next: look, Look (line 7)\n  Ready:     Nothing holds it back." in told
    assert "Gates:     not yet command: `" in told
    assert "is run by `apply` and `verify`, and has to end with 0" in told
    assert "Go back:   there is nothing to go back from" in told
    run("apply", "--until", "some", "--yes", code=3)
    told = run("status").stdout
    assert "Next: some, Some (line 22)\n  Waiting:   It waits for the approval of the owner" in told
    assert 'Do it:     strangler plan approve some --why "..."' in told
    assert "Go back:   strangler plan undo some, then strangler plan undo both   (catalog.list to monolith)" in told
    assert 'Or all:    strangler back --all --why "..."' in told
    run("next", code=3)


def test_steps_are_applied_approved_undone_and_seen_to_have_drifted(control: ControlPlane) -> None:
    up_to_some()
    assert states() == ["done", "done", "done", "ready"]
    toggle = control.snapshot.toggles["catalog.list"]
    assert (toggle.stage, toggle.share) == (Stage.CANARY, 10_000)
    shown = run("show", "some").stdout
    assert "done. Done at" in shown
    assert "plan.run" in shown
    CliRunner().invoke(main, ["back", "catalog.list", "--why", "nervous"], catch_exceptions=False)
    assert states() == ["done", "drifted", "drifted", "not ready"]
    assert "drifted" in run("status", code=1).stdout
    run("apply", "--until", "some", "--yes")
    run("undo", "both", "--yes", code=2)
    run("undo", "some", "--yes")
    assert states() == ["done", "done", "ready", "not ready"]


def test_what_a_step_did_stands_in_both_audits_without_its_secrets(control: ControlPlane) -> None:
    up_to_some()
    (entry, *_) = control.in_force.store.history("catalog.list")
    assert entry.evidence == {"plan": "migration_plan", "step": "some"}
    assert entry.why == "plan step some: Some"
    events = control.documents.events(name="migration_plan/*")
    assert [event.action for event in reversed(events) if event.name.endswith("/some")] == [
        "plan.begin",
        "plan.pass",
        "plan.approve",
        "plan.run",
        "plan.done",
    ]
    assert "hush-hush-hush" not in str([event.detail for event in events])
    assert "api_key=redacted-" in str([event.detail for event in events])


def test_a_dry_run_judges_and_moves_nothing(control: ControlPlane) -> None:
    told = run("apply", "--dry-run").stdout
    assert "pass" in told
    assert "Nothing was moved." in told
    assert states()[0] == "ready"
    assert control.snapshot.toggles["catalog.list"].stage is Stage.MONOLITH


def test_a_step_that_is_not_ready_waits_dry_or_not_whatever_its_gates_say(control: ControlPlane) -> None:
    assert "some: not ready. It needs both (not ready)." in run("apply", "some", "--dry-run", code=3).stdout
    assert run_json("apply", "both", "--dry-run", code=3)["verdict"] == "pass"
    assert "It needs both (not ready)." in run("apply", "some", "--yes", code=3).stderr
    Path("shop/urls.py").write_text("from shop import lists\n")
    assert "gone: not ready." in run("apply", "gone", "--dry-run", code=1).stdout
    assert control.snapshot.toggles["catalog.list"].stage is Stage.MONOLITH


def test_what_holds_a_step_back_stands_before_how_to_do_it_and_a_yes_is_followed_by_the_whole_command(
    control: ControlPlane,
) -> None:
    assert run("apply", "--yes").stdout.endswith("Next: both, Both (line 14; list team)\n")
    door = PLAN.replace('one_way = "lists"', 'one_way = "lists"\nwhy = "x"').replace(
        'moves = [{ flip = "catalog.list", stage = "extracted" }',
        'moves = [{ approval = "ana" }, { flip = "catalog.list", stage = "extracted" }',
    )
    Path("migration_plan.md").write_text(door)
    up_to_some()
    Path("shop/urls.py").write_text("from shop import lists\n")
    run("apply", "gone", "--confirm", "lists", "--yes", code=1)
    told = run("status", code=1).stdout
    assert "Failed:    " in told
    assert (
        "Gates:     FAIL    nothing_left: 1 line still names shop.lists: shop/urls.py:1: from shop import lists\n"
        in told
    )
    assert "First:     mend what FAILs" in told
    assert told.index("FAIL  ") < told.index("First:  ") < told.index("Do it:  ")
    Path("shop/urls.py").unlink()
    # It failed until it is carried through, and says what it waits for all the same.
    told = run("apply", "gone", "--confirm", "lists", "--yes", code=1).stdout
    assert "By now it is tried again. It waits for the approval of ana" in told
    assert "(it is on ana; then `strangler plan apply gone --confirm lists`)" in run("status", code=1).stdout
    run("approve", "gone", "--why", "looked")
    assert "Nothing is left: every step is done" in run("apply", "gone", "--confirm", "lists", "--yes").stdout


def test_nobody_to_be_asked_is_no_yes(control: ControlPlane) -> None:
    done = run("apply", code=2)
    assert "Say --yes" in done.output
    assert "look: Look" in done.output
    assert states()[0] == "ready"


def test_a_command_that_fails_is_told_with_its_last_line_and_stays_failed(control: ControlPlane) -> None:
    Path("broken").touch()
    run("apply", "--until", "some", "--yes", code=3)
    run("approve", "some", "--why", "looked at it")
    failed = run("apply", "some", "--yes", code=1)
    assert "some: failed." in failed.stdout
    assert "ended with 1" in failed.stdout
    audit = CliRunner().invoke(main, ["history", "--events", "migration_plan/some"], catch_exceptions=False).stdout
    assert "       reason: `echo api_key=$SOME_API_KEY && test ! -e broken` ended with 1" in audit
    assert "First:     mend what failed" in run("status", code=1).stdout
    assert "some: failed." in run("apply", "--auto", "--yes", code=1).output
    assert "some: failed." in run("apply", "--yes", code=1).output
    Path("broken").unlink()
    run("apply", "some", "--yes")
    assert "Nothing is left" not in run("next").stdout


def test_a_gate_after_that_fails_takes_customers_back_however_much_there_is_to_say(control: ControlPlane) -> None:
    flip = '{ flip = "catalog.list", stage = "canary", share = "1%" }'
    step = f"""

```toml step=bad
needs = ["both"]
moves = [{flip}]

[after]
command = "echo $SOME_API_KEY {"x" * 900}; false"
```
"""
    Path("migration_plan.md").write_text(PLAN + step)
    run("apply", "--until", "both", "--yes")
    assert "TAKEN BACK" in run("apply", "bad", "--yes", code=1).stderr
    assert control.snapshot.toggles["catalog.list"].stage is Stage.SHADOW
    (entry, *_) = control.in_force.store.history("catalog.list")
    assert entry.evidence is not None
    assert entry.evidence["step"] == "bad"
    assert "ended with 1" in entry.evidence["reason"]
    assert run_json("show", "bad", code=1)["state"] == "failed"


def test_old_code_holds_the_one_way_door_shut_and_a_patch_says_what_to_delete(control: ControlPlane) -> None:
    up_to_some()
    Path("shop/urls.py").write_text("import os\nfrom shop import lists\n\nurls = [lists, os]\n")
    assert "--confirm lists" in run("apply", "gone", "--yes", code=2).output
    failed = run("apply", "gone", "--confirm", "lists", "--yes", code=1).stdout
    assert "shop/urls.py:2: from shop import lists" in failed
    run("verify", "gone", "--patch", "gone.patch", code=1)
    patch = Path("gone.patch").read_text()
    assert "deleted file mode" in patch
    assert "-from shop import lists" in patch
    Path("shop/urls.py").unlink()
    (done,) = run_json("apply", "gone", "--confirm", "lists", "--yes")["steps"]
    assert done["state"] == "done"
    assert control.snapshot.toggles["catalog.list"].stage is Stage.RETIRED


def test_somebody_else_at_it_is_named_and_one_that_died_here_is_not_waited_for(control: ControlPlane) -> None:
    held = control.documents.lease("plan/migration_plan", "carla@elsewhere", seconds=30, now=2**33)
    assert held == "carla@elsewhere"
    assert "carla@elsewhere is at it" in run("apply", "--yes", code=3).output
    assert "Do it:     wait for carla@elsewhere: one at a time" in run("status").stdout
    control.documents.release("plan/migration_plan", "carla@elsewhere")
    dead = f"ben@here on {socket.gethostname()}, process {2**22 + os.getpid()}"
    control.documents.lease("plan/migration_plan", dead, seconds=30, now=2**33)
    status = run("status").stdout
    assert "At it now" not in status
    assert "Do it:     strangler plan apply" in status
    run("apply", "--yes")


def test_whoever_stops_looking_is_told_how_to_go_on(control: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object, seconds: float) -> None:
        raise KeyboardInterrupt

    run("apply", "--until", "both", "--yes")
    step = '\n\n```toml step=slow\nmoves = [{ wait = "1h" }]\n```\n'
    Path("migration_plan.md").write_text(PLAN + step)
    monkeypatch.setattr(RemoteWorld, "pause", interrupted)
    assert "nothing is lost, and `strangler plan apply slow` goes on" in run("apply", "slow", "--yes", code=3).stderr
    assert not run_json("status")["holder"]
    assert "It waits until" in run("show", "slow", code=3).stdout


def test_wrong_words_are_told_all_at_once(control: ControlPlane) -> None:
    Path("migration_plan.md").write_text(
        "```toml step=a\nownr = 1\n```\n\n```toml step=b\n[after]\nagrement = 1\n```\n"
    )
    problems = json.loads(run("status", "--json", code=2).stdout)["error"]["problems"]
    assert [(each["line"], each["key"]) for each in problems] == [(2, "a.ownr"), (7, "b.after.agrement")]
    Path("migration_plan.md").write_text(PLAN)
    assert "Did you mean 'some'?" in run("show", "som", code=2).output
    assert "does not wait for anybody's approval" in run("approve", "both", "--why", "x", code=2).output
    run("apply", "both", "--auto", code=2)
    run("render", "-o", "plan.pdf", code=2)
    run("render", "-o", "migration_plan.md", code=2)
    assert Path("migration_plan.md").read_text() == PLAN


def test_it_is_rendered_as_markdown_and_as_a_page(control: ControlPlane) -> None:
    up_to_some()
    run("render", "-o", "status.md")
    written = Path("status.md").read_text()
    assert "![How much has moved: steps of the plan: 75 % moved (3 of 4)" in written
    assert "> **done**: Done at" in written
    assert "## Lists" in written
    assert "- steps without an owner: gone" in written
    assert "aria-labelledby" in Path("status.svg").read_text()
    run("render", "-o", "status.html")
    page = Path("status.html").read_text()
    assert '<td class="state">done</td>' in page
    assert "catalog.list has two sides since" in page
    assert "# Plan" in run("render").stdout


def test_what_the_control_plane_is_at_is_told_and_can_be_called_off(control: ControlPlane) -> None:
    step = """
```toml step=long
moves = [{ flip = "catalog.list", stage = "shadow" }, { wait = "10d" }]
```
"""
    Path("migration_plan.md").write_text(step)
    assert "is at nothing" in run("stop", code=1).stdout
    with control_client(Path("strangler.toml")) as client:
        client.plan_run("migration_plan", "long", load_plan(Path("migration_plan.md")).step("long").digest, "apply")
    until(lambda: "h left" in run("status").stdout or "d left" in run("status").stdout)
    assert "The control plane is to apply long for" in run("status").stdout
    assert run_json("status")["run"]["step"] == "long"
    assert "called off" in run("stop").stdout
    until(lambda: run_json("status")["holder"] == "")
    assert states() == ["waiting"]


def test_by_default_the_plan_is_the_configurations(control: ControlPlane) -> None:
    Path("plans").mkdir()
    Path("migration_plan.md").rename("plans/shop.md")
    run("status", code=2)
    toml = Path("strangler.toml").read_text()
    Path("strangler.toml").write_text(toml.replace("[control]\n", '[control]\nplan = "plans/shop.md"\n'))
    assert "plans/shop.md: 0 of 4 steps done" in run("status").stdout
    assert "shop.md: 0 of 4" in run("status", "--plan", str(Path("plans/shop.md").resolve())).stdout
