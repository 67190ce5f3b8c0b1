"""The page of a route, as a person without a browser meets it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from strangler_proxy.control import ControlPlane
from strangler_proxy.routes.route import Route
from strangler_proxy.state import StateDir

from strangler.compare import Verdict
from strangler.evidence import Traffic, TrafficKey
from strangler.gates import Gates
from strangler.testing import FixedMoveGuard, MemoryDocumentStore, MemoryEvidenceStore, MemoryToggleStore
from strangler.toggles import Stage
from tests.proxy.control.fakes import agreed_now, config, kept_pair, observe, plane
from tests.proxy.control.test_captures_api import EXAMPLE
from tests.proxy.control.test_rollout_api import SCHEDULES
from tests.proxy.page.visit import TOKEN, Visit, visiting

PAGE = "/room/routes/catalog.list"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), rollouts=SCHEDULES, workers=0)


@pytest.fixture
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        yield visit


def flip(visit: Visit, stage: str, *, why: str = "by the API", name: str = "catalog.list", **more: Any) -> None:
    body = {"names": [name], "stage": stage, "why": why, "force": True, "wait_seconds": 0, **more}
    answered = visit.client.post("/api/v1/flip", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answered.status_code == 200, answered.text


def text_of(answered: Response) -> str:
    """What a person reads."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", answered.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def revision_of(answered: Response) -> str:
    (found,) = re.findall(r'name="revision" value="(\d+)"', answered.text)
    return str(found)


def radio(answered: Response, stage: str) -> str:
    """The radio button of a stage, as it is written."""
    (found,) = re.findall(rf'<input type="radio" name="stage" value="{stage}"[^>]*>', answered.text)
    return str(found)


def test_a_route_shows_what_it_takes_where_it_stands_and_where_it_may_go(visit: Visit) -> None:
    shown = visit.get(PAGE)
    text = text_of(shown)
    assert shown.status_code == 200
    assert "/catalog.list/<int:id>/" in text
    assert "candidate catalog" in text
    assert "would skip from monolith to canary" in text
    assert "can be retired from extracted only" in text
    assert "disabled" not in radio(shown, "shadow")
    assert "checked" in radio(shown, "shadow")
    assert "disabled" in radio(shown, "retired")
    assert "declared in strangler.toml" in text
    assert re.search(r" declared .{1,20} by strangler", text)
    flip(visit, "shadow")
    assert re.search(r" moved .{1,20} by ", text_of(visit.part(f"{PAGE}/standing")))


def test_what_is_no_route_is_not_found(visit: Visit) -> None:
    for path in ("", "/standing", "/moves", "/rollout", "/gates", "/takes", "/history", "/rate.json"):
        assert visit.get(f"/room/routes/nobody{path}").status_code == 404, path
    assert visit.get(f"{PAGE}/nothing.json").status_code == 404
    assert visit.get(f"{PAGE}/rate.json?range=century").status_code == 404


def test_a_seam_is_shown_as_far_as_the_proxy_knows_it(visit: Visit) -> None:
    text = text_of(visit.get("/room/routes/catalog.facts"))
    assert "a seam in the monolith" in text
    assert "The old implementation answers" in text
    assert "What it takes" not in text
    gates = visit.part("/room/routes/catalog.facts/gates")
    assert (gates.status_code, "No gate is asked for before shadow" in text_of(gates)) == (200, True)


def test_what_has_one_side_only_cannot_be_moved(visit: Visit) -> None:
    shown = visit.get("/room/routes/wishlist")
    assert "It has one side only" in text_of(shown)
    assert 'name="stage"' not in shown.text
    assert visit.post("/room/routes/wishlist/move", {"stage": "shadow", "why": "x", "revision": "9"}).status_code == 404


def test_a_move_is_made_in_the_name_of_whoever_made_it_and_told_on_the_page_after(visit: Visit) -> None:
    form = {"stage": "shadow", "why": "compare first", "revision": revision_of(visit.get(PAGE))}
    moved = visit.post(f"{PAGE}/move", form)
    assert (moved.status_code, moved.headers["Location"]) == (303, PAGE)
    text = text_of(visit.get(PAGE))
    assert "To shadow. catalog.list: live on 0 of 0 workers, revision 2." in text
    assert "ada (control.token) : compare first" in text
    assert "One begins in stage shadow" not in text


def test_a_share_is_set_by_its_exact_field(visit: Visit, control: ControlPlane) -> None:
    flip(visit, "shadow")
    form = {"stage": "canary", "share": "12.5", "why": "an eighth", "revision": "2"}
    assert visit.post(f"{PAGE}/move", form).status_code == 303
    assert control.snapshot["catalog.list"].share == 12_500
    shown = visit.get(PAGE)
    assert 'name="share" min="0" max="100" step="0.001" value="12.5"' in shown.text
    assert "checked" in radio(shown, "canary")


def test_what_the_api_refuses_stands_at_the_form_with_everything_that_was_written(visit: Visit) -> None:
    refused = visit.post(f"{PAGE}/move", {"stage": "extracted", "why": "at once", "revision": "1"})
    assert refused.status_code == 409
    assert "would skip from monolith to extracted" in text_of(refused)
    assert 'name="why" value="at once"' in refused.text
    nonsense = visit.post(f"{PAGE}/move", {"stage": "canary", "share": "lots", "why": HOSTILE, "revision": "1"})
    assert nonsense.status_code == 422
    assert "<script>alert" not in nonsense.text
    assert "&lt;script&gt;alert" in nonsense.text


def test_who_comes_second_is_told_what_happened_and_keeps_what_they_wrote(visit: Visit, control: ControlPlane) -> None:
    made_at = revision_of(visit.get(PAGE))
    flip(visit, "canary", share="5%", why="I was first")
    second = visit.post(f"{PAGE}/move", {"stage": "shadow", "why": "my own why", "revision": made_at})
    text = text_of(second)
    assert second.status_code == 409
    assert "Somebody was first, and nothing was moved." in text
    assert "moved it monolith → canary 5% : I was first" in text
    assert 'name="why" value="my own why"' in second.text
    assert control.snapshot["catalog.list"].stage.value == "canary"
    # They have seen it now, and want it still.
    again = {"stage": "shadow", "why": "my own why", "revision": revision_of(second)}
    assert visit.post(f"{PAGE}/move", again).status_code == 303
    assert control.snapshot["catalog.list"].stage.value == "shadow"


def test_moves_of_others_are_no_hindrance(visit: Visit, control: ControlPlane) -> None:
    made_at = revision_of(visit.get(PAGE))
    flip(visit, "shadow", name="catalog.detail")
    assert visit.post(f"{PAGE}/move", {"stage": "shadow", "why": "mine", "revision": made_at}).status_code == 303
    assert control.snapshot.revision == 3


def test_what_holds_a_move_is_told_before_anybody_presses(visit: Visit, control: ControlPlane) -> None:
    control.checks.append(FixedMoveGuard({"catalog.list": "catalog is not ready."}, stages=[Stage.SHADOW]))
    part = visit.part(f"{PAGE}/moves")
    assert "catalog is not ready. Force passes this." in text_of(part)
    assert "disabled" not in radio(part, "shadow")
    assert "<html" not in part.text
    operator = visit.as_role("operate").part(f"{PAGE}/moves")
    assert "catalog is not ready." in text_of(operator)
    assert "disabled" in radio(operator, "shadow")
    assert control.snapshot.revision == 1


def test_a_guard_is_not_passed_by_force(visit: Visit, control: ControlPlane) -> None:
    control.guards.append(FixedMoveGuard({"catalog.list": "orders are written there."}, stages=[Stage.SHADOW]))
    part = visit.part(f"{PAGE}/moves")
    assert "orders are written there. Ask whoever wrote the test." in text_of(part)
    assert "disabled" in radio(part, "shadow")


def test_an_approver_forces_with_a_why_and_the_audit_says_so(visit: Visit, control: ControlPlane) -> None:
    form = {"stage": "extracted", "force": "yes", "why": "the night is short", "revision": "1"}
    assert visit.post(f"{PAGE}/move", form).status_code == 303
    assert "forced" in text_of(visit.part(f"{PAGE}/history"))
    assert control.snapshot["catalog.list"].stage is Stage.EXTRACTED


def test_the_one_way_door_wants_the_name(visit: Visit, control: ControlPlane) -> None:
    flip(visit, "extracted")
    form = {"stage": "retired", "why": "done", "revision": "2"}
    for typed in ("", "catalog.lst"):
        refused = visit.post(f"{PAGE}/move", {**form, "confirm": typed})
        assert refused.status_code == 409
        assert "one-way door" in text_of(refused)
    assert visit.post(f"{PAGE}/move", {**form, "confirm": "catalog.list"}).status_code == 303
    text = text_of(visit.get(PAGE))
    assert "there is no way back to the monolith" in text
    assert "Nothing walks what is retired." in text


def test_an_operator_is_told_what_wants_another_role(visit: Visit) -> None:
    flip(visit, "extracted")
    operator = visit.as_role("operate")
    part = operator.part(f"{PAGE}/moves")
    assert "wants the role approve" in text_of(part)
    assert "disabled" in radio(part, "retired")
    assert 'name="force"' not in part.text
    refused = operator.post(
        f"{PAGE}/move", {"stage": "retired", "confirm": "catalog.list", "why": "x", "revision": "2"}
    )
    assert (refused.status_code, "wants approve" in text_of(refused)) == (403, True)
    assert operator.post(f"{PAGE}/approve", {"word": "approve", "why": "x"}).status_code == 403


def test_who_may_only_look_sees_everything_and_no_control(visit: Visit) -> None:
    flip(visit, "shadow")
    looker = visit.as_role("view")
    shown = looker.get(PAGE)
    assert "may only look" in text_of(shown)
    for field in ('name="stage"', 'name="order"', 'name="why"', 'name="word"'):
        assert field not in shown.text + looker.part(f"{PAGE}/moves").text + looker.part(f"{PAGE}/gates").text
    refused = visit.client.get("/api/v1/events", headers={"Authorization": f"Bearer {TOKEN}"}).json()["events"]
    assert not [each for each in refused if each["action"] == "api.call"], "looking leaves no refusal behind"
    assert "Not now: The token" not in text_of(looker.part(f"{PAGE}/moves"))
    for path in ("move", "rollout", "approve"):
        assert looker.post(f"{PAGE}/{path}", {"why": "x"}).status_code == 403


def test_a_rollout_is_begun_frozen_resumed_and_aborted_each_with_a_why(visit: Visit) -> None:
    flip(visit, "shadow")

    def order(order: str, **more: str) -> Response:
        return visit.post(f"{PAGE}/rollout", {"order": order, "name": "catalog.list", "why": f"{order} it", **more})

    assert order("start", schedule="slow").status_code == 303
    assert "Rollout catalog.list: begun." in text_of(visit.get(PAGE))
    assert "by schedule slow" in text_of(visit.part(f"{PAGE}/rollout"))
    assert order("freeze").status_code == 303
    part = visit.part(f"{PAGE}/rollout")
    assert "Frozen by ada (control.token): freeze it." in text_of(part)
    assert 'value="resume"' in part.text
    assert order("resume").status_code == 303
    refused = order("resume")
    assert (refused.status_code, "is running" in text_of(refused)) == (409, True)
    assert 'name="why" value="resume it"' in refused.text
    assert order("abort").status_code == 303
    assert "The last one, catalog.list , is aborted" in text_of(visit.part(f"{PAGE}/rollout"))


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"order": "dance", "why": "x"}, 422, "There is no such order"),
        ({"order": "start", "schedule": "nope", "why": "x"}, 404, "There is no schedule"),
        ({"order": "abort", "name": "nope", "why": "x"}, 404, "There is no rollout"),
        ({"order": "start", "schedule": "slow", "why": " "}, 422, "says why"),
    ],
)
def test_an_order_that_cannot_be_is_told_at_its_form(
    visit: Visit, form: dict[str, str], status: int, told: str
) -> None:
    flip(visit, "shadow")
    refused = visit.post(f"{PAGE}/rollout", form)
    assert (refused.status_code, told in text_of(refused)) == (status, True)


def test_an_address_names_one_route_and_no_glob(visit: Visit, control: ControlPlane) -> None:
    flip(visit, "shadow")
    for path, form in (
        ("rollout", {"order": "start", "schedule": "slow", "why": "x"}),
        ("approve", {"word": "launch", "why": "x"}),
        ("move", {"stage": "monolith", "why": "x", "revision": "2"}),
    ):
        assert visit.post(f"/room/routes/catalog.*/{path}", form).status_code == 404
    assert control.snapshot.revision == 2
    assert control.documents.listed("rollout") == control.documents.listed("approval") == []


@pytest.mark.parametrize(
    "part", ["", "/standing", "/moves", "/gates", "/takes", "/history", "/agreement.json", "/rate.json"]
)
def test_no_part_of_a_page_is_of_more_than_one_route(visit: Visit, part: str) -> None:
    assert visit.get(f"/room/routes/catalog.*{part}").status_code == 404


def test_a_move_by_hand_of_what_a_rollout_walks_is_warned_of(visit: Visit) -> None:
    flip(visit, "shadow")
    visit.post(f"{PAGE}/rollout", {"order": "start", "schedule": "slow", "why": "x"})
    assert "A move by hand takes it over" in text_of(visit.get(PAGE))


def test_a_chart_without_a_whole_point_yet_does_not_say_that_nobody_came(visit: Visit, control: ControlPlane) -> None:
    assert visit.get(f"{PAGE}/rate.json?range=day").json()["empty"] == "Nobody has asked for it in the last day."
    key = TrafficKey("catalog.list", "monolith", "monolith")
    control.evidence.store.add_traffic({key: Traffic(1)}, at=datetime.now(UTC).timestamp() + 30)
    told = visit.get(f"{PAGE}/rate.json?range=month").json()["empty"]
    assert told == "A point here is 4\u00a0h, and the first is not over yet: choose a shorter time."


def test_that_pairs_differ_is_told_where_it_is_moved_even_without_a_gate(visit: Visit, control: ControlPlane) -> None:
    assert "differ" not in text_of(visit.part(f"{PAGE}/gates"))
    observe(control, kept_pair("a"), kept_pair("b"), kept_pair("n", verdict=Verdict.INCONCLUSIVE), agreeing=8)
    gates = visit.part(f"{PAGE}/gates")
    assert "2 of 10 pairs differ of release v1 , most of them at $.price" in text_of(gates)
    assert 'href="/room/differences/catalog.list"' in gates.text


def test_gates_are_told_with_what_they_see_and_an_approval_is_said(visit: Visit, control: ControlPlane) -> None:
    assert "No gate is asked for before shadow" in text_of(visit.part(f"{PAGE}/gates"))
    assert visit.post(f"{PAGE}/approve", {"word": "launch", "why": "I looked at it"}).status_code == 303
    assert "Approved as launch." in text_of(visit.get(PAGE))
    (event,) = control.documents.events(name="catalog.list", action="gate.approve")
    assert (event.who, event.why, event.detail["word"]) == ("ada (control.token)", "I looked at it", "launch")
    refused = visit.post(f"{PAGE}/approve", {"word": "a\nb", "why": "x"})
    assert refused.status_code == 422
    assert "Say a person's yes" in text_of(refused)


def test_the_views_of_the_monolith_that_it_takes_are_told_by_the_inventory(tmp_path: Path) -> None:
    taking = Route("shop.product", frozenset({"GET"}), "/products/<int:id>/", "catalog", captures=("basket",))
    other = Route("shop.nothing", frozenset({"GET"}), "/nothing/", "catalog")
    configured = replace(config(tmp_path, workers=0, inventory=EXAMPLE), routes=(taking, other))
    stores = MemoryToggleStore(), StateDir.of(configured), MemoryEvidenceStore(), MemoryDocumentStore()
    with visiting(ControlPlane(configured, *stores)) as visit:
        assert "Looking into the inventory" in text_of(visit.get("/room/routes/shop.product"))
        takes = text_of(visit.part("/room/routes/shop.product/takes"))
        assert re.search(r"catalog:product .*GET HEAD /products/0/ not all: /de/products/0/ is left", takes)
        assert "shop.product takes what it is not meant to" in takes
        assert "It takes no view of the monolith" in text_of(visit.part("/room/routes/shop.nothing/takes"))


def test_a_gate_that_is_not_passed_holds_the_move_until_somebody_says_yes(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore(), workers=0, gates={Stage.SHADOW: Gates(approval="launch")})
    with visiting(control) as visit:
        gates = text_of(visit.part(f"{PAGE}/gates"))
        assert "Gates before shadow" in gates
        assert re.search(r"approval .*inconclusive", gates)
        held = text_of(visit.part(f"{PAGE}/moves"))
        assert "may not enter shadow before its gates pass. approval (inconclusive)" in held
        assert "Force passes this." in held
        refused = visit.post(f"{PAGE}/move", {"stage": "shadow", "why": "now", "revision": "1"})
        assert (refused.status_code, "before its gates pass" in text_of(refused)) == (409, True)
        visit.post(f"{PAGE}/approve", {"word": "launch", "why": "I looked at it"})
        assert re.search(r"approval .*pass", text_of(visit.part(f"{PAGE}/gates")))
        assert "before its gates pass" not in text_of(visit.part(f"{PAGE}/moves"))
        assert visit.post(f"{PAGE}/move", {"stage": "shadow", "why": "now", "revision": "1"}).status_code == 303


def test_what_was_written_is_given_back_where_its_form_stands_no_more(visit: Visit) -> None:
    written, given_back = "a <b>long</b> why", "<code>a &lt;b&gt;long&lt;/b&gt; why</code>"
    refused = visit.post(f"{PAGE}/rollout", {"order": "start", "why": written})
    assert refused.status_code in (409, 422)
    assert given_back in refused.text
    flip(visit, "extracted")
    flip(visit, "retired", confirm="catalog.list")
    refused = visit.post(f"{PAGE}/move", {"stage": "shadow", "why": written, "revision": "1"})
    assert (refused.status_code, given_back in refused.text) == (409, True)
    assert "no way back to the monolith" in text_of(refused)


def test_who_is_writing_is_told_what_moved_since_their_form_was_made(visit: Visit) -> None:
    flip(visit, "shadow", why="while you wrote")
    assert "while you wrote" in text_of(visit.part(f"{PAGE}/standing?revision=1"))
    for known in ("?revision=2", "?revision=soon", ""):
        assert "Moved since" not in text_of(visit.part(f"{PAGE}/standing{known}"))


def test_the_last_minute_shows_the_share_that_the_candidate_answers(visit: Visit, control: ControlPlane) -> None:
    flip(visit, "canary", share="25%")
    row = Traffic(30, 0, 0, 1.0, (0, 0, 30, *[0] * 13))
    other = Traffic(10, 1, 1, 1.0, (0, 0, 0, 10, *[0] * 12))
    keys = TrafficKey("catalog.list", "monolith", "canary"), TrafficKey("catalog.list", "candidate", "canary", "v2")
    now = datetime.now(UTC).timestamp()
    control.evidence.store.add_traffic(dict(zip(keys, (row, other), strict=True)), at=now)
    text = text_of(visit.part(f"{PAGE}/standing"))
    assert "monolith 75 % 0.5/s 0 %" in text
    assert "candidate v2 25 % 0.167/s 10.0 %" in text
    chart = visit.get(f"{PAGE}/rate.json?range=hour").json()
    assert [each["name"] for each in chart["series"]] in ([], ["monolith", "candidate", "candidate's errors"])


def test_charts_say_what_there_is_to_draw(visit: Visit, control: ControlPlane) -> None:
    flip(visit, "shadow")
    empty = visit.get(f"{PAGE}/agreement.json").json()
    assert (empty["times"], "No pair in the last 15 min" in empty["empty"]) == ([], True)
    assert "Nobody has asked for it" in visit.get(f"{PAGE}/latency.json").json()["empty"]
    agreed_now(control, 40)
    for within in ("quarter", "hour", "day"):
        chart = visit.get(f"{PAGE}/agreement.json?range={within}").json()
        (agreed,) = chart["series"]
        assert [each for each in agreed["values"] if each is not None] == [1.0]
    chart = visit.get(f"{PAGE}/agreement.json?range=week").json()
    agreed, bound = chart["series"]
    assert (agreed["values"], chart["unit"]) == ([None] * 6 + [1.0], "percent")
    assert 0.8 < bound["values"][-1] < 1


def test_without_a_store_the_page_says_so_and_the_form_keeps_its_text(visit: Visit, control: ControlPlane) -> None:
    store = control.in_force.store
    assert isinstance(store, MemoryToggleStore)
    store.outage = "the disk is gone"
    refused = visit.post(f"{PAGE}/move", {"stage": "shadow", "why": "kept", "revision": "1"})
    assert refused.status_code == 503
    assert 'name="why" value="kept"' in refused.text
    for path in ("", "/standing"):
        shown = visit.get(f"{PAGE}{path}")
        assert (shown.status_code, "Not everything can be shown" in text_of(shown)) == (200, True)
    assert "It cannot be read now." in text_of(visit.part(f"{PAGE}/history"))
    assert "Whether one walks it cannot be read now." in text_of(visit.part(f"{PAGE}/rollout"))
    assert "gone" in text_of(visit.part(f"{PAGE}/moves"))


@pytest.mark.parametrize("path", ["", "/standing", "/moves", "/rollout", "/gates", "/history"])
def test_whatever_stands_in_the_audit_or_is_told_by_a_service_stays_text(
    visit: Visit, control: ControlPlane, path: str
) -> None:
    flip(visit, "canary", share="5%", why=HOSTILE)
    key = TrafficKey("catalog.list", "candidate", "canary", HOSTILE)
    control.evidence.store.add_traffic({key: Traffic(1)}, at=datetime.now(UTC).timestamp())
    shown = visit.get(f"{PAGE}{path}")
    assert shown.status_code == 200
    assert "<script>alert" not in shown.text
    assert "<img src=x" not in shown.text
