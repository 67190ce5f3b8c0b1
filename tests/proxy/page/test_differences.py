"""The pages of differences, pairs and rules, as a person without a browser meets them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from httpx import Response
from strangler_proxy.control import ControlPlane

from strangler.compare import Answer, Difference, DifferenceKind, Pair, Request, Verdict, load_rules
from strangler.evidence import KeptPair
from strangler.recording import Case
from strangler.testing import MemoryToggleStore
from tests.proxy.control.fakes import kept_pair, observe, plane
from tests.proxy.page.visit import Visit, visiting

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
ROUTE = "/room/differences/catalog.list"
HTML = (("Content-Type", "text/html"),)


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0, edit_rules=True)


@pytest.fixture
def visit(control: ControlPlane) -> Iterator[Visit]:
    with visiting(control) as visit:
        yield visit


def text_of(answered: Response) -> str:
    body = re.sub(r"<(script|style)\b.*?</\1>", "", answered.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def hostile(name: str = "evil") -> KeptPair:
    """A pair that is hostile wherever others put something into it."""
    evil = json.dumps({EVIL: EVIL}).encode()
    pair = Pair(
        Request("GET", f"/catalog.list/1/?q={EVIL}", "catalog.list", (("X-Evil", EVIL), ("Host", EVIL)), EVIL.encode()),
        Answer(200, (("Content-Type", "application/json"), ("X-Evil", EVIL)), evil),
        Answer(200, (("Content-Type", "application/json"), ("X-Evil", EVIL * 2)), b"{}"),
    )
    differences = (
        Difference(f"$[{json.dumps(EVIL)}]", DifferenceKind.MISSING, EVIL, None),
        Difference(f"header:{EVIL}", DifferenceKind.VALUE, EVIL, EVIL * 2),
    )
    return replace(kept_pair(name), pair=pair, differences=differences, cause="")


def test_routes_that_differ_are_listed_and_lead_to_their_own_page(visit: Visit, control: ControlPlane) -> None:
    assert "No difference has been seen" in text_of(visit.get("/room/differences"))
    observe(control, kept_pair("a"), kept_pair("b"), kept_pair("n", verdict=Verdict.INCONCLUSIVE), agreeing=8)
    shown = visit.get("/room/differences")
    assert "1 of 2 routes with two sides differ somewhere" in text_of(shown)
    assert f'href="{ROUTE}"' in shown.text
    assert "≠ 1 place" in text_of(shown)
    assert "2 of 10" in text_of(shown)


def test_a_route_shows_where_it_differs_why_not_and_what_is_kept(visit: Visit, control: ControlPlane) -> None:
    observe(control, kept_pair("a"), kept_pair("n", verdict=Verdict.INCONCLUSIVE, cause="noise"), agreeing=5)
    shown = visit.get(ROUTE)
    text = text_of(shown)
    assert "$.price" in text
    assert "≠ breaking" in text
    assert "the monolith does not repeat itself where the sides differ" in text
    assert 'href="/room/pairs/a"' in shown.text
    assert f'href="{ROUTE}/rule?field=%24.price&amp;pair=a"' in shown.text
    only = visit.get(f"{ROUTE}?verdict=inconclusive&cause=noise")
    assert ('href="/room/pairs/n"' in only.text, "$.price" in text_of(only)) == (True, True)
    assert "No pair is kept that fits" in text_of(visit.get(f"{ROUTE}?path=%24.nothing"))
    assert "noise 1 pair the monolith" in text


def test_what_only_an_earlier_release_differed_in_is_told_as_that(visit: Visit, control: ControlPlane) -> None:
    before = kept_pair("a")
    observe(control, replace(before, scope=before.scope._replace(release="v0")), agreeing=8)
    shown = visit.get("/room/differences")
    assert "The newest releases differ nowhere" in text_of(shown)
    assert "catalog.list of release v0" in text_of(shown)
    assert 'href="/room/pairs/a"' in shown.text
    route = text_of(visit.get(ROUTE))
    assert "No pair of this release, under these rules, shows a difference. Earlier ones have counts" in route
    assert "differ of release v0" in route


def test_a_route_without_pairs_says_how_they_come(visit: Visit) -> None:
    text = text_of(visit.get(ROUTE))
    assert "No pair has been counted" in text
    assert "flip it to shadow" in text


@pytest.mark.parametrize("path", ["nobody", "catalog.*", "wishlist", "%3Cscript%3E"])
def test_what_is_no_route_is_not_found(visit: Visit, path: str) -> None:
    assert visit.get(f"/room/differences/{path}").status_code == 404
    assert visit.get(f"/room/differences/{path}/rule").status_code == 404


def test_a_pair_shows_both_answers_with_the_difference_in_its_place(visit: Visit, control: ControlPlane) -> None:
    observe(control, kept_pair("a"))
    shown = visit.get("/room/pairs/a")
    text = text_of(shown)
    assert "GET /catalog.list/1/" in text
    assert '<tr class="diff-breaking" id="at-0">' in shown.text
    assert 'href="#at-0"' in shown.text
    assert "curl -sS -i http://127.0.0.1:1/catalog.list/1/" in text
    assert "curl -sS -i http://127.0.0.1:2/catalog.list/1/" in text
    assert "strangler shadow samples --id a --save" in text
    assert "content-type" not in text.lower().split("what was asked")[0]
    assert "content-type" in text_of(visit.get("/room/pairs/a?whole")).lower()


def test_a_pair_that_is_gone_is_not_found(visit: Visit) -> None:
    for path in ("/room/pairs/gone", "/room/pairs/gone/case", "/room/pairs/gone/body/monolith"):
        gone = visit.get(path)
        assert (gone.status_code, "look at the newest of its route" in text_of(gone)) == (404, True)


def test_a_target_without_end_is_cut_in_the_title_alone(visit: Visit, control: ControlPlane) -> None:
    target = f"/catalog.list/{'z' * 3000}/"
    pair = kept_pair("long")
    asked = replace(pair.pair, request=replace(pair.pair.request, target=target))
    observe(control, replace(pair, pair=asked))
    shown = visit.get("/room/pairs/long").text
    titles = re.findall(r"<(?:title|h1)>.*?</(?:title|h1)>", shown, flags=re.DOTALL)
    assert [("…" in each, len(each) < 500) for each in titles] == [(True, True)] * 2
    assert f"http://127.0.0.1:1{target}" in shown


def test_a_pair_is_saved_as_the_case_that_the_command_writes(visit: Visit, control: ControlPlane) -> None:
    observe(control, kept_pair("a/../b"), kept_pair("differs"))
    answered = visit.get("/room/pairs/differs/case")
    assert answered.headers["content-disposition"] == 'attachment; filename="catalog.list-differs.parity.json"'
    case = Case.from_json(answered.json())
    assert (case.request.target, case.verdict, case.differences[0].path) == (
        "/catalog.list/1/",
        Verdict.DIFFER,
        "$.price",
    )


def test_html_is_shown_as_a_page_without_any_rights_and_nothing_else_is(visit: Visit, control: ControlPlane) -> None:
    page = f"<p>{EVIL}</p>".encode()
    pair = Pair(Request("GET", "/p/", "catalog.list"), Answer(200, HTML, page), Answer(200, HTML, b"<p>"))
    observe(control, replace(kept_pair("page"), pair=pair), kept_pair("json"))
    shown = visit.get("/room/pairs/page")
    assert '<iframe sandbox="" loading="lazy"' in shown.text
    framed = visit.get("/room/pairs/page/body/monolith")
    assert framed.content == page
    policy = framed.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'")
    assert "frame-ancestors 'self'" in policy
    assert framed.headers["x-content-type-options"] == "nosniff"
    assert visit.get("/room/pairs/json/body/monolith").status_code == 404
    assert visit.get("/room/pairs/page/body/nobody").status_code == 404
    assert "iframe" not in visit.get("/room/pairs/json").text


def test_hostile_text_stays_text(visit: Visit, control: ControlPlane) -> None:
    observe(control, hostile())
    field = hostile().differences[0].field
    rule = {"field": field, "do": "ignore", "why": EVIL, "pair": "evil", "go": "preview"}
    pages = [
        visit.get("/room/differences"),
        visit.get(ROUTE),
        visit.get(ROUTE),
        visit.client.get(ROUTE, params={"path": EVIL, "verdict": EVIL, "release": EVIL, "days": EVIL}),
        visit.get("/room/pairs/evil"),
        visit.get("/room/pairs/evil?whole"),
        visit.client.get(f"{ROUTE}/rule", params={"field": field, "pair": "evil"}),
        visit.client.get(f"{ROUTE}/rule", params={"field": EVIL, "pair": EVIL}),
        visit.post(f"{ROUTE}/rule", rule),
        visit.post(f"{ROUTE}/rule", {**rule, "do": EVIL, "value_tolerance": EVIL, "place": EVIL}),
    ]
    for shown in pages:
        assert shown.status_code in (200, 422), shown.text
        assert "<script>alert" not in shown.text
        assert "<img" not in shown.text
        assert "onerror=alert(2)>" not in shown.text.replace("&gt;", "")
    assert "alert(1)" in text_of(pages[4])


def test_a_rule_is_offered_as_what_would_be_enough(visit: Visit, control: ControlPlane) -> None:
    observe(control, kept_pair("a", price=("19.90", "19.85")))
    shown = visit.get(f"{ROUTE}/rule?field=%24.price&pair=a")
    assert re.search(r'value="tolerance" required checked', shown.text)
    assert 'name="value_tolerance" value="0.05"' in shown.text


def test_another_status_says_that_no_rule_excuses_it(visit: Visit) -> None:
    shown = visit.get(f"{ROUTE}/rule?field=status")
    assert "No rule excuses another status" in text_of(shown)
    assert "rule-form" not in shown.text


def test_a_rule_is_previewed_and_written_and_agreement_is_told_to_begin_anew(
    visit: Visit, control: ControlPlane, tmp_path: Path
) -> None:
    file = tmp_path / "strangler.rules.toml"
    file.write_text("# Ours.\n")
    observe(control, kept_pair("a"), kept_pair("b"))
    rule = {"field": "$.price", "do": "tolerance", "value_tolerance": "0.5", "why": "It rounds.", "pair": "a"}
    previewed = visit.post(f"{ROUTE}/rule", {**rule, "go": "preview"})
    assert "Of 2 kept pairs, 2 would differ no more" in text_of(previewed)
    assert "+tolerance = 0.5" in text_of(previewed)
    assert file.read_text() == "# Ours.\n"
    seen = dict(re.findall(r'name="(digest|drafted)" value="([^"]+)"', previewed.text))
    written = visit.post(f"{ROUTE}/rule", {**rule, "go": "write", **seen})
    assert (written.status_code, written.headers["location"]) == (303, ROUTE)
    assert "strangler reload" in text_of(visit.get(ROUTE))
    (made,) = load_rules(file).rules
    assert str(made) == "catalog.list $.price: tolerance = 0.5"
    assert file.read_text().startswith("# Ours.\n")
    (event,) = control.documents.events(action="rules.write")
    assert (event.who, event.why) == ("ada (control.token)", "It rounds.")


def test_a_rule_that_nobody_has_seen_the_effect_of_is_not_written(
    visit: Visit, control: ControlPlane, tmp_path: Path
) -> None:
    file = tmp_path / "strangler.rules.toml"
    file.write_text("# Ours.\n")
    observe(control, kept_pair("a"))
    rule = {"field": "$.price", "do": "tolerance", "value_tolerance": "0.5", "why": "It rounds.", "pair": "a"}
    previewed = visit.post(f"{ROUTE}/rule", {**rule, "go": "preview"})
    seen = dict(re.findall(r'name="(digest|drafted)" value="([^"]+)"', previewed.text))
    for other in ({"do": "ignore"}, {"value_tolerance": "500"}, {"why": "Never mind."}, {"drafted": ""}):
        answered = visit.post(f"{ROUTE}/rule", {**rule, **seen, "go": "write", **other})
        assert (answered.status_code, "another rule than the one that you saw" in text_of(answered)) == (409, True)
    assert file.read_text() == "# Ours.\n"


def test_rules_that_are_not_in_force_or_wrong_are_told(visit: Visit, tmp_path: Path) -> None:
    assert "rule file" not in text_of(visit.get(ROUTE))
    file = tmp_path / "strangler.rules.toml"
    file.write_text('[[rule]]\npath = "$.a"\nignore = true\nwhy = "x"\n')
    assert "says something else than the rules in force" in text_of(visit.get(ROUTE))
    file.write_text("[[rule]]\n")
    assert "The rule file is wrong" in text_of(visit.get(ROUTE))


def test_a_preview_is_nothing_that_the_audit_need_have(visit: Visit, control: ControlPlane) -> None:
    observe(control, kept_pair("a"))
    visit.post(f"{ROUTE}/rule", {"field": "$.price", "do": "ignore", "why": "x", "go": "preview"})
    assert control.documents.events(action="api.call") == []


def test_a_rule_is_not_written_over_what_somebody_else_wrote(
    visit: Visit, control: ControlPlane, tmp_path: Path
) -> None:
    file = tmp_path / "strangler.rules.toml"
    file.write_text("# Theirs.\n")
    observe(control, kept_pair("a"))
    rule = {"field": "$.price", "do": "ignore", "why": "x", "go": "write", "digest": "another"}
    answered = visit.post(f"{ROUTE}/rule", rule)
    assert answered.status_code == 409
    assert "somebody else has written it" in text_of(answered)
    assert 'name="do" value="ignore" required checked' in answered.text
    assert file.read_text() == "# Theirs.\n"


def test_a_rule_without_a_why_or_that_makes_no_sense_keeps_what_was_filled_in(visit: Visit) -> None:
    answered = visit.post(f"{ROUTE}/rule", {"field": "$.price", "do": "tolerance", "value_tolerance": "7", "why": " "})
    assert (answered.status_code, 'name="value_tolerance" value="7"' in answered.text) == (422, True)
    assert "Say why this may differ" in text_of(answered)
    answered = visit.post(f"{ROUTE}/rule", {"field": "$.price", "do": "tolerance", "value_tolerance": "x", "why": "y"})
    assert (answered.status_code, "tolerance cannot be 'x'" in text_of(answered)) == (422, True)


def test_without_edit_rules_the_patch_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    control = plane(tmp_path, MemoryToggleStore(), workers=0)
    observe(control, kept_pair("a"))
    rule = {"field": "$.price", "do": "ignore", "why": "x", "pair": "a"}
    with visiting(control) as visit:
        shown = visit.post(f"{ROUTE}/rule", {**rule, "go": "preview"})
        assert "This page may not write the file" in text_of(shown)
        assert "Write it" not in shown.text
        assert visit.post(f"{ROUTE}/rule", {**rule, "go": "write", "digest": ""}).status_code == 403
    assert not (tmp_path / "strangler.rules.toml").exists()


def test_whoever_may_only_look_sees_pairs_and_makes_no_rule(visit: Visit, control: ControlPlane) -> None:
    observe(control, kept_pair("a"))
    visit.as_role("view")
    assert "Make a rule" not in visit.get(ROUTE).text + visit.get("/room/pairs/a").text
    assert visit.get(f"{ROUTE}/rule?field=%24.price").status_code == 403
    assert visit.post(f"{ROUTE}/rule", {"field": "$.price", "do": "ignore", "why": "x"}).status_code == 403


def test_whoever_may_not_approve_sees_what_a_rule_would_do_and_does_not_write_it(
    visit: Visit, control: ControlPlane
) -> None:
    observe(control, kept_pair("a"))
    visit.as_role("operate")
    shown = visit.post(f"{ROUTE}/rule", {"field": "$.price", "do": "ignore", "why": "x", "go": "preview"})
    assert "wants a token of the role approve" in text_of(shown)
    assert 'value="write"' not in shown.text


def test_secrets_that_were_taken_out_stay_out(visit: Visit, control: ControlPlane) -> None:
    kept = kept_pair("a")
    request = replace(kept.pair.request, headers=(("Cookie", "sessionid=redacted-3f9a2c1b77d0"),))
    observe(control, replace(kept, pair=replace(kept.pair, request=request)))
    assert "sessionid=redacted-3f9a2c1b77d0" in text_of(visit.get("/room/pairs/a"))
