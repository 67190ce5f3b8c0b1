"""The control plane's door: who is let in, what for, how often, and that it is written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from strangler_proxy.config.groups import Group
from strangler_proxy.control import ControlPlane
from strangler_proxy.control.calls import Call, Calls
from strangler_proxy.control.incoming import BODY_LIMIT
from strangler_proxy.control.roles import Role
from strangler_proxy.state import StateDir

from strangler.testing.memory_documents import MemoryDocumentStore
from strangler.testing.memory_evidence import MemoryEvidenceStore
from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import config
from tests.proxy.control.server import TOKEN, serving

FLIP = {"names": ["catalog.list"], "stage": "shadow", "why": "compare", "wait_seconds": 0}


@pytest.fixture(scope="module")
def documents() -> MemoryDocumentStore:
    return MemoryDocumentStore()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, documents: MemoryDocumentStore) -> Iterator[httpx.Client]:
    """A server for all tests that do not mind what the others did."""
    folder = tmp_path_factory.mktemp("door")
    configured = config(folder, workers=0, groups=(Group("staff", frozenset({"ada"})),))
    plane = ControlPlane(configured, MemoryToggleStore(), StateDir.of(configured), MemoryEvidenceStore(), documents)
    with serving(plane) as client:
        yield client


@pytest.fixture(scope="module")
def tokens(client: httpx.Client) -> dict[Role, dict[str, str]]:
    """A header for each role."""
    return {role: bearer(made(client, f"of-{role}", role)) for role in Role}


def made(client: httpx.Client, name: str, role: str) -> str:
    answered = client.post("/api/v1/tokens", json={"name": name, "role": role, "why": "tests"})
    assert answered.status_code == 200, answered.text
    return str(answered.json()["secret"])


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def events(client: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/v1/events", params=asked).json()["events"]
    return found


def code(answered: httpx.Response) -> tuple[int, str]:
    return answered.status_code, answered.json()["error"]["code"]


VERBS = [
    ("GET", "/api/v1/status", "view"),
    ("GET", "/api/v1/snapshot", "view"),
    ("GET", "/api/v1/pairs", "view"),
    ("GET", "/api/v1/events", "view"),
    ("GET", "/metrics", "view"),
    ("POST", "/api/v1/flip", "operate"),
    ("POST", "/api/v1/back", "operate"),
    ("POST", "/api/v1/evidence/clear", "operate"),
    ("POST", "/api/v1/recording", "operate"),
    ("DELETE", "/api/v1/recording", "operate"),
    ("GET", "/api/v1/testers", "view"),
    ("POST", "/api/v1/testers", "operate"),
    ("POST", "/api/v1/testers/revoke", "operate"),
    ("POST", "/api/v1/adopt", "approve"),
    ("GET", "/api/v1/tokens", "approve"),
    ("POST", "/api/v1/tokens", "approve"),
    ("POST", "/api/v1/tokens/rotate", "approve"),
]


@pytest.mark.parametrize(("method", "path", "least"), VERBS)
def test_each_verb_wants_its_role_and_no_less(
    client: httpx.Client, tokens: dict[Role, dict[str, str]], method: str, path: str, least: str
) -> None:
    for role, header in tokens.items():
        answered = client.request(method, path, headers=header, json={} if method == "POST" else None)
        assert (answered.status_code == 403) != role.permits(Role(least)), (role, answered.text)


@pytest.mark.parametrize(
    "more", [{"stage": "extracted", "force": True}, {"stage": "retired", "confirm": "catalog.list"}]
)
def test_one_way_doors_and_force_want_more_than_an_operator(
    client: httpx.Client, tokens: dict[Role, dict[str, str]], more: dict[str, Any]
) -> None:
    asked = {**FLIP, "names": ["catalog.detail"], "expected_revision": 10**9, **more}
    assert code(client.post("/api/v1/flip", json=asked, headers=tokens[Role.OPERATE])) == (403, "forbidden")
    assert code(client.post("/api/v1/flip", json=asked, headers=tokens[Role.APPROVE])) == (409, "revision_conflict")


def test_a_call_names_the_token_in_the_audit(client: httpx.Client) -> None:
    header = {**bearer(made(client, "pipeline", "operate")), "X-Strangler-Who": "ci@build"}
    assert client.post("/api/v1/flip", json={**FLIP, "stage": "shadow"}, headers=header).status_code == 200
    (entry, *_) = client.get("/api/v1/history", params={"name": "catalog.list"}).json()["entries"]
    assert entry["who"] == "ci@build (pipeline)"


def test_every_call_that_may_change_something_stands_in_the_audit_once(client: httpx.Client) -> None:
    header = bearer(made(client, "auditor", "operate"))
    clear = {"names": ["catalog.list"], "why": "rehearsal"}
    client.post("/api/v1/evidence/clear", json=clear, headers=header)
    client.post("/api/v1/evidence/rejudge", json={"names": ["catalog.list"]}, headers=header)
    client.post("/api/v1/evidence/rejudge", json={"names": ["catalog.list"], "keep": True}, headers=header)
    client.post("/api/v1/flip", json={**FLIP, "names": ["catalog.facts"]}, headers=header)
    client.post("/api/v1/flip", json={**FLIP, "names": ["nobody"]}, headers=header)
    client.post("/api/v1/adopt", json={}, headers=header)
    client.get("/api/v1/tokens", headers=header)
    found = [each for each in events(client, action="api.call") if each["detail"]["token"] == "auditor"]
    assert [(each["name"], each["detail"]["status"]) for each in found] == [
        ("POST /api/v1/adopt", 403),
        ("POST /api/v1/flip", 404),
        ("POST /api/v1/evidence/rejudge", 200),
    ]
    (forgotten,) = events(client, action="evidence.clear")
    assert (forgotten["name"], forgotten["why"]) == ("catalog.list", "rehearsal")
    assert {each["who"] for each in (forgotten, *found)} == {"somebody (auditor)"}
    assert {each["detail"]["address"] for each in found} == {"127.0.0.1"}


def test_what_changes_nothing_does_not_stand_there_whatever_its_method(client: httpx.Client) -> None:
    header = bearer(made(client, "looker", "view"))
    assert client.post("/api/v1/gates", json={}, headers=header).status_code == 422
    assert client.post("/nowhere", json={}, headers=header).status_code == 404
    assert not [each for each in events(client, action="api.call") if each["detail"]["token"] == "looker"]


def test_a_wrong_token_that_wants_to_change_something_stands_there_too_and_its_secret_does_not(
    client: httpx.Client,
) -> None:
    client.post("/api/v1/flip", json=FLIP, headers=bearer("a-guess-of-somebody"))
    (event, *_) = events(client, action="api.call")
    assert (event["who"], event["detail"]["status"]) == ("somebody (no token)", 401)
    assert "a-guess" not in json.dumps(events(client))


def test_refusals_do_not_fill_the_store() -> None:
    documents = MemoryDocumentStore()
    now = 0.0
    calls = Calls(documents, clock=lambda: now)

    async def refused(times: int, address: str) -> None:
        for _ in range(times):
            await calls.record(Call("POST /api/v1/flip", "somebody (no token)", "", address, 401))

    asyncio.run(refused(1000, "192.0.2.1"))
    assert len(documents.events(limit=2000)) == 10
    for number in range(1000):
        asyncio.run(refused(1, f"198.51.100.{number}"))
    assert len(documents.events(limit=2000)) == 100
    now = 60.0
    asyncio.run(refused(1, "192.0.2.1"))
    assert documents.events(limit=1)[0].detail["refused_before"] == 910
    for _ in range(200):
        asyncio.run(calls.record(Call("POST /api/v1/flip", "ada (ci)", "ci", "192.0.2.1", 200)))
    assert len(documents.events(limit=2000)) == 301


def test_a_call_whose_record_the_store_does_not_take_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    documents = MemoryDocumentStore()
    documents.outage = "gone"
    asyncio.run(Calls(documents).record(Call("POST /api/v1/flip", "ada (ci)", "ci", "192.0.2.1", 200)))
    assert "POST /api/v1/flip by ada (ci) answered 200 is not in the audit" in caplog.text


def test_who_calls_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    configured = config(tmp_path, workers=0, control_rate=0.4)
    documents = MemoryDocumentStore()
    plane = ControlPlane(configured, MemoryToggleStore(), StateDir.of(configured), MemoryEvidenceStore(), documents)
    with serving(plane) as client:
        answers = [client.get("/api/v1/status") for _ in range(5)]
        late = [each for each in answers if each.status_code == 429]
        assert answers[0].status_code == 200
        assert late
        assert code(late[0]) == (429, "too_often")
        assert int(late[0].headers["Retry-After"]) >= 1
        assert client.get("/health/live").status_code == 429, "an address is held to it too"


def test_however_low_the_rate_somebody_may_come(tmp_path: Path) -> None:
    configured = config(tmp_path, workers=0, control_rate=0.001)
    stores = MemoryToggleStore(), StateDir.of(configured), MemoryEvidenceStore(), MemoryDocumentStore()
    with serving(ControlPlane(configured, *stores)) as client:
        assert [client.get("/api/v1/status").status_code for _ in range(2)] == [200, 429]


def test_wrong_tokens_are_slowed_down_and_keep_nobody_else_out(tmp_path: Path) -> None:
    configured = config(tmp_path, workers=0)
    documents = MemoryDocumentStore()
    plane = ControlPlane(configured, MemoryToggleStore(), StateDir.of(configured), MemoryEvidenceStore(), documents)
    with serving(plane) as client:
        answers = [client.get("/api/v1/status", headers=bearer(f"guess-{number}")) for number in range(90)]
        assert {each.status_code for each in answers[:50]} == {401}
        assert 429 in {each.status_code for each in answers[50:]}
        assert client.get("/api/v1/status").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(client: httpx.Client, headers: dict[str, str]) -> None:
    answered = client.post("/api/v1/flip", json={**FLIP, "names": ["catalog.detail"]}, headers=headers)
    assert code(answered) == (403, "another_site")
    assert client.get("/api/v1/status", headers=headers).status_code == 200
    assert not [name for name in answered.headers if name.startswith("access-control")]


def test_a_page_of_the_control_planes_own_may(client: httpx.Client) -> None:
    own = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert code(client.post("/api/v1/flip", json={**FLIP, "names": ["nobody"]}, headers=own))[0] == 404


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_is_not_taken(client: httpx.Client, media: str) -> None:
    given = {"Content-Type": media} if media else {}
    answered = client.post("/api/v1/flip", content=json.dumps({**FLIP, "names": ["catalog.detail"]}), headers=given)
    assert code(answered) == (415, "not_json")


@pytest.mark.parametrize(
    "body",
    [
        '{"names": ["catalog.detail"], "stage": "shadow", "why": "a", "why": "b"}',
        '{"names": ["catalog.detail"], "stage": "shadow", "why": "a", "wait_seconds": NaN}',
        '{"names": ["catalog.detail"], "stage": "shadow", "why": "a", "wait_seconds": Infinity}',
    ],
)
def test_json_with_two_meanings_or_none_is_not_taken(client: httpx.Client, body: str) -> None:
    answered = client.post("/api/v1/flip", content=body, headers={"Content-Type": "application/json"})
    assert code(answered) == (422, "bad_input")


@pytest.mark.parametrize("query", ["limt=5", "limit=5&limit=6", "limit=5&x"])
def test_a_parameter_that_is_spelled_wrongly_or_said_twice_is_not_passed_over(client: httpx.Client, query: str) -> None:
    assert code(client.get(f"/api/v1/history?{query}")) == (422, "bad_input")


def test_parameters_that_may_come_twice_may(client: httpx.Client) -> None:
    assert client.get("/api/v1/explain?path=/&subject=a&subject=b").status_code == 200


def test_a_body_that_is_too_long_is_not_read(client: httpx.Client) -> None:
    answered = client.post("/api/v1/flip", json={"why": "x" * BODY_LIMIT})
    assert code(answered) == (413, "too_large")


def test_an_override_of_a_group_that_there_is_not_is_refused(client: httpx.Client) -> None:
    def flipped(name: str, side: str | None) -> httpx.Response:
        asked = {**FLIP, "names": ["catalog.detail"], "stage": "canary", "share": "0%", "force": True}
        return client.post("/api/v1/flip", json={**asked, "overrides": {f"group:{name}": side}})

    refused = flipped("stuff", "candidate")
    assert code(refused) == (422, "bad_input")
    assert "[groups.NAME] has staff" in refused.text
    assert flipped("staff", "candidate").json()["moved"][0]["to"]["overrides"] == {"group:staff": "candidate"}
    assert flipped("stuff", None).status_code == 200, "one that is gone from the file must be taken away"


def test_a_tester_is_signed_for_routes_that_there_are_and_stands_in_the_audit(client: httpx.Client) -> None:
    asked = {"name": "ben", "routes": "catalog.*", "why": "acceptance"}
    answered = client.post("/api/v1/testers", json=asked).json()
    assert answered["tester"] == {**answered["tester"], "name": "ben", "routes": "catalog.*", "side": "candidate"}
    assert answered["header"] == {"name": "X-Strangler-Tester", "value": answered["cookie"]["value"]}
    (event, *_) = events(client, action="tester.create")
    assert (event["name"], event["why"], event["detail"]["routes"]) == ("ben", "acceptance", "catalog.*")
    assert answered["header"]["value"] not in json.dumps(events(client))
    assert code(client.post("/api/v1/testers", json={**asked, "routes": "nobody"})) == (404, "unknown_toggle")
    assert code(client.post("/api/v1/testers", json={**asked, "expires_seconds": 31 * 86400})) == (422, "bad_input")


def test_the_first_token_is_not_rotated_where_it_has_no_file(client: httpx.Client) -> None:
    answered = client.post("/api/v1/tokens/rotate", json={"name": "control.token", "why": "it got out"})
    assert code(answered) == (409, "first_token")
    assert client.get("/api/v1/status", headers=bearer(TOKEN)).status_code == 200
