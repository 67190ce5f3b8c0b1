"""The plan's page, as somebody who has signed in sees and uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from strangler_proxy.control import ControlPlane
from strangler_proxy.plan import load_plan
from strangler_proxy.plan.run import Run, RunAct

from strangler.gates import ProbeGate, ProbeSeen
from strangler.testing import MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import plane
from tests.proxy.page.visit import Visit, visiting
from tests.waiting import until

PLAN = """# The plan

Begin <script>alert("prose")</script> here, by [the page](javascript:alert(1)).

## Reads

### Ask both

```toml step=both
owner = "list team <b>"
moves = [{ flip = "catalog.list", stage = "shadow" }]

[after]
approval = "the <i>owner</i>"
```

### Some

```toml step=some
needs = ["both"]
why = "<img src=x onerror=alert(1)>"
moves = [{ approval = "the owner" }, { flip = "catalog.list", stage = "canary", share = "10%" }]
```

### Warm

```toml step=warm
moves = [{ command = "make '<warm>'" }]
```

### Gone

```toml step=gone
one_way = "lists"
moves = [
  { flip = "catalog.detail", stage = "extracted", force = true },
  { flip = "catalog.detail", stage = "retired" },
]
```
"""
SIMPLE = PLAN.replace('\n[after]\napproval = "the <i>owner</i>"\n', "")


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    monkeypatch.setattr("strangler_proxy.plan.attempt._LOOK_EVERY", 0.02)
    path = tmp_path / "migration_plan.md"
    path.write_text(SIMPLE)
    return plane(tmp_path, MemoryToggleStore(), workers=0, plan=path)


@pytest.fixture
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        yield visit


def card(visit: Visit, step: str, page: str = "") -> str:
    """The part of the page that is about the step."""
    text = page or visit.get("/room/plan").text
    found = re.search(rf'<section class="plan-step [^"]*" id="step-{re.escape(step)}".*?</section>', text, re.S)
    assert found is not None, text
    return found[0]


def form(visit: Visit, step: str, **more: str) -> dict[str, str]:
    """What the step's form on the page sends."""
    digest = re.search(r'name="digest" value="([^"]+)"', card(visit, step))
    assert digest is not None, card(visit, step)
    return {"step": step, "digest": digest[1], **more}


def done(visit: Visit, step: str) -> None:
    """Wait until the step is done and nobody is at the plan any more."""
    until(lambda: "state-done" in (shown := card(visit, step)).partition(">")[0] and "one at a time" not in shown)


def test_the_document_reads_as_it_is_written_with_each_step_in_its_place(visit: Visit) -> None:
    page = visit.get("/room/plan")
    assert page.status_code == 200
    assert 'id="doc-the-plan"' in page.text
    assert page.text.index('id="doc-ask-both"') < page.text.index('id="step-both"') < page.text.index('id="doc-some"')
    assert "state-ready" in card(visit, "both")
    assert "catalog.list to shadow" in card(visit, "both")
    assert "state-not-ready" in card(visit, "some")


def test_steps_below_one_heading_are_told_apart_by_their_names(visit: Visit, tmp_path: Path) -> None:
    step = '```toml step={}\nmoves = [{{ flip = "catalog.list", stage = "shadow" }}]\n```\n'
    one, two, alone = (step.format(each) for each in ("one", "two", "alone"))
    (tmp_path / "migration_plan.md").write_text(f"# The plan\n\n## Reads\n\n{one}\n{two}\n## Writes\n\n{alone}")
    index = re.search(r'<nav class="plan-index".*?</nav>', visit.get("/room/plan").text, re.DOTALL)
    assert index is not None
    assert re.findall(r"<span>(Reads|Writes)(?: <code>(\w+)</code>)?", index[0]) == [
        ("Reads", "one"),
        ("Reads", "two"),
        ("Writes", ""),
    ]


def test_hostile_text_in_the_plan_stays_text(visit: Visit) -> None:
    page = visit.get("/room/plan").text + visit.get("/room/plan/print").text
    for wrong in ("<script>alert", "<img src=x", "list team <b>", 'href="javascript'):
        assert wrong not in page
    assert "&lt;script&gt;alert(&#34;prose&#34;)" in page or "&lt;script&gt;alert(&quot;prose&quot;)" in page


def test_a_step_is_approved_applied_and_undone(visit: Visit, control: ControlPlane) -> None:
    applied = visit.post("/room/plan/apply", form(visit, "both"))
    assert (applied.status_code, applied.headers["location"]) == (303, "/room/plan#step-both")
    done(visit, "both")
    assert control.snapshot["catalog.list"].stage is Stage.SHADOW
    (event,) = control.documents.events(action="plan.done")
    assert event.who == "ada (control.token)"
    assert "It waits for the approval of the owner" in card(visit, "some")
    approved = visit.post("/room/plan/approve", form(visit, "some", why="looked <b>at</b> it"))
    assert approved.status_code == 303
    assert "looked &lt;b&gt;at&lt;/b&gt; it" in card(visit, "some")
    visit.post("/room/plan/apply", form(visit, "some"))
    done(visit, "some")
    assert control.snapshot["catalog.list"].share == 10_000
    first = visit.post("/room/plan/undo", form(visit, "some"))
    assert first.status_code == 303
    until(lambda: control.snapshot["catalog.list"].stage is Stage.SHADOW)
    until(lambda: "one at a time" not in card(visit, "both"))
    assert "/room/plan/undo" in card(visit, "both")


def test_a_step_that_was_written_anew_since_it_was_shown_is_neither_approved_nor_applied_nor_undone(
    visit: Visit, control: ControlPlane
) -> None:
    shown = {name: form(visit, name, why="a long why") for name in ("both", "some")}
    control.config.plan.write_text(
        SIMPLE.replace('stage = "shadow"', 'stage = "canary", share = "50%"').replace("10%", "90%")
    )
    for act, name in (("approve", "some"), ("apply", "both"), ("undo", "both")):
        refused = visit.post(f"/room/plan/{act}", shown[name])
        assert refused.status_code == 409
        assert "is not written as it was shown to you" in unescape(card(visit, name, refused.text))
    assert "canary 50%" in card(visit, "both")
    assert control.documents.listed("consent") == []
    assert control.snapshot["catalog.list"].stage is Stage.MONOLITH


def test_what_was_typed_is_kept_where_it_is_refused(visit: Visit, control: ControlPlane) -> None:
    visit.post("/room/plan/apply", form(visit, "both"))
    done(visit, "both")
    refused = visit.post("/room/plan/approve", form(visit, "some", why="x" * 501))
    assert refused.status_code == 422
    assert 'value="' + "x" * 501 in card(visit, "some", refused.text)
    refused = visit.post("/room/plan/apply", form(visit, "gone", confirm="list"))
    assert refused.status_code == 409
    assert "one-way door" in card(visit, "gone", refused.text)
    assert control.snapshot["catalog.detail"].stage is Stage.MONOLITH


@pytest.mark.parametrize("written", ["", SIMPLE.replace("step=some", "step=others"), SIMPLE.replace("10%", "ten")])
def test_what_was_typed_is_given_back_where_the_step_is_there_no_more(
    visit: Visit, control: ControlPlane, written: str
) -> None:
    shown = form(visit, "some", why="a <b>long</b> why")
    if written:
        control.config.plan.write_text(written)
    else:
        control.config.plan.unlink()
    refused = visit.post("/room/plan/approve", shown)
    assert refused.status_code == 409
    given_back = refused.text[refused.text.index("data-kept") : refused.text.index('id="plan-now"')]
    assert "What you wrote" in given_back
    assert "<code>a &lt;b&gt;long&lt;/b&gt; why</code>" in given_back


def test_what_was_typed_is_given_back_where_the_step_asks_for_it_no_more(visit: Visit, control: ControlPlane) -> None:
    shown = form(visit, "some", why="a long why")
    control.config.plan.write_text(SIMPLE.replace('{ approval = "the owner" }, ', ""))
    refused = visit.post("/room/plan/approve", shown)
    given_back = card(visit, "some", refused.text)
    assert "is not written as it was shown to you" in given_back
    assert "<code>a long why</code>" in given_back


def test_a_form_that_comes_back_says_that_it_holds_what_somebody_wrote(visit: Visit, control: ControlPlane) -> None:
    assert "data-kept" not in visit.get("/room/plan").text
    shown = form(visit, "some", why="a long why")
    control.config.plan.write_text(SIMPLE.replace("10%", "90%"))
    refused = visit.post("/room/plan/approve", shown).text
    assert '<body hx-ext="morph" data-live="/room/live"' in refused
    assert re.search(r"<body [^>]* data-answer>", refused)
    kept = re.search(r'<form [^>]*id="approve-step-some" data-kept>.*?</form>', refused, re.S)
    assert kept is not None
    assert "is not written as it was shown to you" in kept[0]
    assert 'value="a long why"' in kept[0]
    assert refused.count("data-kept") == 1


def test_a_one_way_door_is_opened_by_its_name(visit: Visit, control: ControlPlane) -> None:
    visit.post("/room/plan/apply", form(visit, "gone", confirm="lists"))
    until(lambda: control.snapshot["catalog.detail"].stage is Stage.RETIRED)


def test_a_step_with_a_command_shows_the_line_to_run_and_no_button(visit: Visit, control: ControlPlane) -> None:
    warm = card(visit, "warm")
    assert "strangler plan apply warm" in warm
    assert "/room/plan/apply" not in warm
    digest = load_plan(control.config.plan).step("warm").digest
    refused = visit.post("/room/plan/apply", {"step": "warm", "digest": digest})
    assert refused.status_code == 409
    assert "the control plane runs none" in card(visit, "warm", refused.text).lower()


def test_who_may_only_look_sees_no_button_and_is_refused_all_the_same(visit: Visit, control: ControlPlane) -> None:
    digests = {name: form(visit, name, why="x", confirm="") for name in ("both", "some")}
    looking = visit.as_role("view")
    page = looking.get("/room/plan").text
    assert "/room/plan/apply" not in page
    assert "wants the role" in card(looking, "both", page)
    for act, name in (("approve", "some"), ("apply", "both"), ("undo", "both"), ("stop", "both")):
        assert looking.post(f"/room/plan/{act}", digests[name]).status_code == 403
    operating = visit.as_role("operate")
    assert operating.post("/room/plan/approve", digests["some"]).status_code == 403
    assert "/room/plan/apply" not in card(operating, "gone")
    assert control.snapshot["catalog.list"].stage is Stage.MONOLITH


def test_everything_wrong_in_the_file_is_told_with_its_line_and_the_page_is_of_use(
    visit: Visit, control: ControlPlane
) -> None:
    broken = SIMPLE.replace('stage = "shadow"', 'stage = "nowhere"').replace('needs = ["both"]', 'needs = ["bith"]')
    control.config.plan.write_text(broken)
    page = visit.get("/room/plan")
    assert page.status_code == 200
    lines = [number + 1 for number, line in enumerate(broken.splitlines()) if "nowhere" in line or "bith" in line]
    for line in lines:
        assert f"line {line}<" in page.text
    assert "2 problems" in page.text
    assert 'id="doc-ask-both"' in page.text
    assert "/room/plan/apply" not in page.text
    assert 'href="#block-9"' in page.text
    assert 'id="block-9"' in page.text
    assert visit.get("/room/plan/print").status_code == 200
    refused = visit.post("/room/plan/apply", {"step": "both", "digest": "0" * 12})
    assert refused.status_code == 409


def test_where_there_is_no_plan_the_page_says_how_one_comes_to_be(visit: Visit, control: ControlPlane) -> None:
    control.config.plan.unlink()
    page = visit.get("/room/plan")
    assert page.status_code == 200
    assert "There is no plan yet" in page.text
    assert "strangler plan new" in page.text
    assert visit.get("/room/plan/print").status_code == 200
    control.config.plan.write_bytes(b"\xff\xfe nothing")
    assert "is not UTF-8" in visit.get("/room/plan").text


def test_a_part_that_is_as_the_page_has_it_is_not_sent_again(visit: Visit, control: ControlPlane) -> None:
    seen = re.search(r'name="seen" value="([^"]+)"', visit.get("/room/plan").text)
    assert seen is not None
    assert visit.part(f"/room/plan/steps?seen={seen[1]}").status_code == 204
    visit.post("/room/plan/apply", form(visit, "both"))
    done(visit, "both")
    again = visit.part(f"/room/plan/steps?seen={seen[1]}")
    assert again.status_code == 200
    assert again.text.lstrip().startswith('<div id="plan-steps"')
    assert visit.part("/room/plan/now").text.lstrip().startswith('<section id="plan-now"')
    other = re.search(r'name="seen" value="([^"]+)"', again.text)
    assert other is not None
    assert other[1] != seen[1]


def test_a_running_step_is_seen_by_everybody_and_can_be_stopped(visit: Visit, control: ControlPlane) -> None:
    control.config.plan.write_text(SIMPLE.replace('"shadow" }]', '"shadow" }, { wait = "10d" }]'))
    visit.post("/room/plan/apply", form(visit, "both"))
    until(lambda: "Applying" in visit.part("/room/plan/now").text)
    assert "one at a time" in card(visit, "both")
    until(lambda: "It waits until" in (stands := visit.part("/room/plan/now").text) and "<b>Now:</b>" in stands)
    visit.post("/room/plan/stop")
    until(lambda: "called off" in visit.part("/room/plan/now").text)
    until(lambda: "Apply " in card(visit, "both"))
    assert "<b>Next:</b>" in visit.part("/room/plan/now").text
    assert control.snapshot["catalog.list"].stage is Stage.SHADOW


def test_after_the_control_plane_died_the_page_says_that_nothing_is_lost(visit: Visit, control: ControlPlane) -> None:
    run = Run("migration_plan", "both", RunAct.APPLY, "ben (ci)", "ben (ci) on elsewhere, process 7", 10.0)
    now = datetime.now(UTC)
    control.documents.write("plan-run", "migration_plan", {"run": run.to_json()}, expected=0, at=now)
    stands = visit.part("/room/plan/now").text
    assert "The control plane ended while it applied" in stands
    assert "Nothing is lost" in stands
    assert "/room/plan/apply" in card(visit, "both")


def test_gates_say_what_they_see_without_moving_anything(visit: Visit, control: ControlPlane) -> None:
    control.config.plan.write_text(PLAN)
    visit.post("/room/plan/apply", form(visit, "both"))
    until(lambda: "approval" in visit.part("/room/plan/gates/both").text)
    said = visit.part("/room/plan/gates/both").text
    assert "not yet" in said
    assert "<i>owner" not in said
    assert "not yet" in card(visit, "both", visit.get("/room/plan?gates=both").text)
    assert "has no step" in visit.part("/room/plan/gates/nothing").text
    assert visit.get("/room/plan?gates=nothing").status_code == 200
    visit.post("/room/plan/stop")


def test_whoever_may_only_look_has_nobody_asked_outside(
    visit: Visit, control: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def probed(gate: ProbeGate) -> ProbeSeen:
        asked.append(gate.url)
        return ProbeSeen(200)

    monkeypatch.setattr("strangler_proxy.gates.here.ask_probe", probed)
    gate = '\n[before]\nprobe = "http://127.0.0.1:9/ready"\n'
    control.config.plan.write_text(SIMPLE.replace('"shadow" }]\n', f'"shadow" }}]\n{gate}', 1))
    assert "pass" in visit.part("/room/plan/gates/both").text
    assert "pass" in card(visit, "both", visit.get("/room/plan?gates=both").text)
    assert len(asked) == 2
    visit.as_role("view")
    assert visit.part("/room/plan/gates/both").status_code == 403
    assert visit.get("/room/plan?gates=both").status_code == 200
    assert "/room/plan/gates/" not in visit.get("/room/plan").text
    assert len(asked) == 2


def test_nobody_sees_the_plan_without_signing_in(control: ControlPlane) -> None:
    with visiting(control, signed_in=False) as visit:
        for path in ("/room/plan", "/room/plan/print", "/room/plan/steps", "/room/audit", "/room/audit.csv"):
            answered = visit.get(path)
            assert answered.status_code in (303, 401, 403)
            assert "Ask both" not in answered.text
