"""Looking at evidence through the control API, and having it forgotten or judged anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from strangler_proxy.control import ControlPlane
from strangler_proxy.secret import keep_secret
from strangler_proxy.state import StateDir

from strangler.compare import Verdict
from strangler.evidence import Batch, Scope, subject_hash
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import kept_pair, observe, plane
from tests.proxy.control.server import serving

ALLOWED = '[[rule]]\npath = "$.price"\nignore = true\nwhy = "Not compared here."\n'


@pytest.fixture
def control(tmp_path: Path) -> ControlPlane:
    return plane(tmp_path, MemoryToggleStore(), workers=0)


@pytest.fixture
def client(control: ControlPlane) -> Iterator[Client]:
    with serving(control) as client:
        yield client


def report(client: Client, **asked: Any) -> dict[str, Any]:
    (found,) = client.get("/api/v1/evidence", params={"route": "catalog.list", **asked}).json()["reports"]
    said: dict[str, Any] = found
    return said


def test_without_data_a_route_is_inconclusive_and_never_passes(client: Client) -> None:
    said = report(client)
    assert said["agreement"]["verdict"] == "inconclusive"
    assert said["agreement"]["pairs"] == 0


def test_a_route_that_agreed_often_enough_passes(client: Client, control: ControlPlane) -> None:
    observe(control, agreeing=400)
    said = report(client, bound="0.99")
    assert said["release"] == "v1"
    assert said["agreement"]["verdict"] == "pass"
    assert said["agreement"]["agree"] == 400


def test_agreement_is_told_by_day_and_release(client: Client, control: ControlPlane) -> None:
    day = 86_400.0
    for release, at in (("v1", 2 * day + 5), ("v1", 3 * day + 5), ("v2", 3 * day + 6), ("v2", 9 * day)):
        batch, scope = Batch(), Scope("catalog.list", release, "rules")
        batch.pair(scope, template="/", method="GET", status=200, stage="shadow",
                   answering="monolith", verdict=Verdict.AGREE, at=at)  # fmt: skip
        control.evidence.store.add(batch, at=at)

    def told(since: float) -> list[tuple[float, str, int]]:
        found = client.get("/api/v1/evidence/days", params={"route": "catalog.list", "since": since}).json()["days"]
        return [(each["start"] / day, each["release"], each["agree"]) for each in found]

    assert told(0) == [(2, "v1", 1), (3, "v1", 1), (3, "v2", 1), (9, "v2", 1)]
    assert told(3 * day + 80_000) == [(3, "v1", 1), (3, "v2", 1), (9, "v2", 1)]
    assert told(10 * day) == []
    assert client.get("/api/v1/evidence/days", params={"route": "nobody"}).status_code == 404
    # By default it is the last month, in which there was nothing.
    assert client.get("/api/v1/evidence/days").json() == {"days": []}


def test_agreement_is_told_by_the_minute_and_longer(client: Client, control: ControlPlane) -> None:
    for release, at in (("v1", 600.0), ("v1", 659.0), ("v1", 660.0), ("v2", 660.0)):
        batch, scope = Batch(), Scope("catalog.list", release, "rules")
        batch.pair(scope, template="/", method="GET", status=200, stage="shadow",
                   answering="monolith", verdict=Verdict.AGREE, at=at)  # fmt: skip
        control.evidence.store.add(batch, at=at)

    def told(**asked: float) -> list[tuple[int, str, int]]:
        found = client.get("/api/v1/evidence/minutes", params={"route": "catalog.list", **asked}).json()["windows"]
        return [(each["start"], each["release"], each["agree"]) for each in found]

    assert told(since=0) == [(600, "v1", 2), (660, "v1", 1), (660, "v2", 1)]
    assert told(since=660) == [(660, "v1", 1), (660, "v2", 1)]
    assert told(since=0, step=300) == [(600, "v1", 3), (600, "v2", 1)]
    assert told() == [], "by default it is the last hour, in which there was nothing"
    for step in ("0", "59", "90", "86460", "x"):
        assert client.get("/api/v1/evidence/minutes", params={"step": step}).status_code == 422
    assert client.get("/api/v1/evidence/minutes", params={"route": "nobody"}).status_code == 404


def test_a_differing_route_names_field_kind_and_examples(client: Client, control: ControlPlane) -> None:
    observe(control, *(kept_pair(f"p{number}") for number in range(5)), agreeing=20)
    said = report(client)
    assert said["agreement"]["verdict"] == "fail"
    (difference,) = said["differences"]
    assert (difference["field"], difference["kind"], difference["count"]) == ("$.price", "value", 5)
    assert set(difference["examples"]) <= {f"p{number}" for number in range(5)}


def test_every_route_with_two_sides_has_a_report_and_no_other(client: Client) -> None:
    found = client.get("/api/v1/evidence").json()["reports"]
    assert [each["route"] for each in found] == ["catalog.list", "catalog.detail"]


@pytest.mark.parametrize(
    ("path", "asked", "where"),
    [
        ("/api/v1/evidence", {"bound": "1.5"}, "bound"),
        ("/api/v1/evidence", {"since": "yesterday"}, "since"),
        ("/api/v1/pairs", {"verdict": "maybe"}, "verdict"),
        ("/api/v1/pairs", {"kind": "odd"}, "kind"),
        ("/api/v1/pairs", {"limit": "1000"}, "limit"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_its_place(
    client: Client, path: str, asked: dict[str, str], where: str
) -> None:
    answered = client.get(path, params=asked)
    assert answered.status_code == 422
    assert answered.json()["error"]["where"] == where


@pytest.mark.parametrize("path", ["/api/v1/evidence/clear", "/api/v1/evidence/rejudge"])
def test_a_route_that_nobody_knows_is_named(client: Client, path: str) -> None:
    body: dict[str, object] = {"names": ["nosuch"]}
    if path.endswith("clear"):
        body["why"] = "a test"
    answered = client.post(path, json=body)
    assert answered.status_code == 404
    assert "nosuch" in answered.json()["error"]["message"]
    assert client.get("/api/v1/evidence", params={"route": "nosuch"}).status_code == 404


def test_kept_pairs_are_found_by_what_they_show(client: Client, control: ControlPlane) -> None:
    observe(control, kept_pair("differs"), kept_pair("passing", verdict=Verdict.INCONCLUSIVE, cause="transient"))

    def ids(**asked: str) -> list[str]:
        return [each["id"] for each in client.get("/api/v1/pairs", params=asked).json()["pairs"]]

    assert ids(path="$.price") == ["differs"]
    assert ids(verdict="inconclusive") == ["passing"]
    assert ids(cause="transient", route="catalog.list") == ["passing"]
    assert ids(route="catalog.detail") == []
    assert client.get("/api/v1/pairs/differs").json()["differences"][0]["new"] == "1.50"


def test_a_pair_that_is_gone_is_said_to_be(client: Client) -> None:
    answered = client.get("/api/v1/pairs/gone")
    assert answered.status_code == 404
    assert answered.json()["error"]["code"] == "unknown_pair"


def test_a_persons_pairs_are_erased_by_the_person_and_not_by_a_hash(client: Client, control: ControlPlane) -> None:
    key = keep_secret(StateDir.of(control.config).redaction_key).encode()
    hashed = subject_hash(key, "ada")
    observe(control, kept_pair("hers", subject=hashed), kept_pair("his", subject=subject_hash(key, "bob")))
    assert client.post("/api/v1/evidence/erase", json={"subject": hashed, "why": "no"}).json() == {"erased": 0}
    assert client.post("/api/v1/evidence/erase", json={"subject": "ada", "why": "she asked"}).json() == {"erased": 1}
    assert [each["id"] for each in client.get("/api/v1/pairs").json()["pairs"]] == ["his"]


def test_who_is_erased_is_not_in_the_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.post("/api/v1/evidence/erase", json={"subject": "ada-lovelace", "why": "she asked"})
    assert "she asked" in caplog.text
    assert "ada-lovelace" not in caplog.text


def test_cleared_evidence_is_gone(client: Client, control: ControlPlane) -> None:
    observe(control, kept_pair("differs"), agreeing=3)
    answered = client.post("/api/v1/evidence/clear", json={"names": ["catalog.*"], "why": "a new build"})
    assert answered.json() == {"cleared": ["catalog.detail", "catalog.list"]}
    assert report(client)["agreement"]["pairs"] == 0


def test_who_forgets_what_and_why_is_in_the_audit(client: Client, control: ControlPlane) -> None:
    client.post("/api/v1/evidence/clear", json={"names": ["catalog.*"], "release": "r1", "why": "a new build"})
    client.post("/api/v1/evidence/erase", json={"subject": "ada-lovelace", "why": "she asked"})
    told = [(each.action, each.name, each.why, each.detail) for each in control.documents.events()]
    assert told == [
        ("evidence.erase", "a subject", "she asked", {}),
        ("evidence.clear", "catalog.list", "a new build", {"release": "r1"}),
        ("evidence.clear", "catalog.detail", "a new build", {"release": "r1"}),
    ]


def test_judging_anew_shows_what_a_rule_would_have_changed_and_keeps_nothing(
    client: Client, control: ControlPlane
) -> None:
    observe(control, kept_pair("differs"))
    said = client.post("/api/v1/evidence/rejudge", json={"names": ["catalog.list"], "rules": ALLOWED}).json()
    assert said["before"]["differ"] == 1
    assert said["after"] == {"agree": 1, "differ": 0, "inconclusive": 0}
    assert said["fields"] == [{"route": "catalog.list", "field": "$.price", "kind": "value", "before": 1, "after": 0}]
    assert client.get("/api/v1/pairs/differs").json()["verdict"] == "differ"


def test_rules_that_were_written_since_the_start_are_found_where_the_file_belongs(
    client: Client, control: ControlPlane, tmp_path: Path
) -> None:
    observe(control, kept_pair("differs"))
    asked = {"names": ["catalog.list"]}
    assert client.post("/api/v1/evidence/rejudge", json=asked).json()["after"]["differ"] == 1
    (tmp_path / "strangler.rules.toml").write_text(ALLOWED)
    assert client.post("/api/v1/evidence/rejudge", json=asked).json()["after"]["differ"] == 0


def test_judging_anew_with_keep_keeps_the_pairs_as_they_are_now(client: Client, control: ControlPlane) -> None:
    observe(control, kept_pair("differs"))
    asked = {"names": ["catalog.list"], "rules": ALLOWED, "keep": True}
    revision = client.post("/api/v1/evidence/rejudge", json=asked).json()["rules"]
    kept = client.get("/api/v1/pairs/differs").json()
    assert (kept["verdict"], kept["rules"]) == ("agree", revision)


def test_so_many_of_the_newest_pairs_are_judged_as_are_wanted(client: Client, control: ControlPlane) -> None:
    observe(control, *(kept_pair(f"p{number}") for number in range(4)))
    asked = {"names": ["catalog.list"], "rules": ALLOWED, "most": 3}
    assert client.post("/api/v1/evidence/rejudge", json=asked).json()["pairs"] == 3
    assert client.post("/api/v1/evidence/rejudge", json={**asked, "most": 2001}).status_code == 422


def test_wrong_rules_are_refused_with_their_line(client: Client) -> None:
    wrong = '[[rule]]\npath = "price"\nignore = true\nwhy = "x"\n'
    answered = client.post("/api/v1/evidence/rejudge", json={"names": ["catalog.list"], "rules": wrong})
    assert answered.status_code == 422
    assert ":2:" in answered.json()["error"]["message"]


def test_routes_that_differ_are_told_in_short(client: Client, control: ControlPlane) -> None:
    assert client.get("/api/v1/differences").json() == {"routes": [], "behind": []}
    observe(control, kept_pair("a"), kept_pair("b"), kept_pair("c", route="catalog.detail"), agreeing=3)
    listed, detail = client.get("/api/v1/differences").json()["routes"]
    assert (listed["route"], detail["route"]) == ("catalog.list", "catalog.detail")
    assert (listed["agree"], listed["differ"], listed["inconclusive"]) == (3, 2, 0)
    assert (listed["breaking"], listed["warning"]) == (1, 0)
    assert (listed["field"], listed["kind"], listed["count"]) == ("$.price", "value", 2)
    assert (listed["first"], listed["last"]) == (1000.0, 1000.0)


def test_what_is_counted_later_is_told_and_what_is_cleared_is_told_no_more(
    client: Client, control: ControlPlane
) -> None:
    def counts() -> list[int]:
        return [each["count"] for each in client.get("/api/v1/differences").json()["routes"]]

    observe(control, kept_pair("a"))
    assert counts() == [1]
    observe(control, kept_pair("b"))
    assert counts() == [2]
    client.post("/api/v1/evidence/clear", json={"names": ["catalog.list"], "why": "a new build"})
    assert counts() == []


def test_kept_pairs_can_be_listed_without_what_was_answered(client: Client, control: ControlPlane) -> None:
    observe(control, kept_pair("differs"))
    (line,) = client.get("/api/v1/pairs", params={"brief": "true"}).json()["pairs"]
    assert "pair" not in line
    assert (line["method"], line["target"], line["statuses"]) == ("GET", "/catalog.list/1/", [200, 200])
    assert line["differences"][0]["path"] == "$.price"
    answered = client.get("/api/v1/pairs", params={"brief": "yes"})
    assert (answered.status_code, answered.json()["error"]["where"]) == (422, "brief")


def test_files_of_ids_are_looked_for_beside_the_proxys_rules(
    client: Client, control: ControlPlane, tmp_path: Path
) -> None:
    observe(control, kept_pair("differs"))
    (tmp_path / "ids.csv").write_text("1.00,1.50\n")
    rules = '[[rule]]\npath = "$.price"\nids = "price"\nwhy = "x"\n[ids.price]\nfile = "ids.csv"\n'
    said = client.post("/api/v1/evidence/rejudge", json={"names": ["catalog.list"], "rules": rules}).json()
    assert said["after"]["agree"] == 1
