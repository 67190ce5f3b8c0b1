from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from strangler_proxy.control import app
from strangler_proxy.control.bootstrap import Bootstrap
from strangler_proxy.control.openapi import document
from strangler_proxy.control.verbs import Verb

from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import kept_pair, observe, plane
from tests.proxy.control.server import serving

_WANTED = {"/api/v1/explain": {"path": "/"}, "/api/v1/captures": {"route": "catalog.list"}}
VERBS = [(path, method) for path, verbs in document()["paths"].items() for method in verbs]


def verb(path: str, method: str) -> dict[str, Any]:
    described: dict[str, Any] = document()["paths"][path][method]
    return described


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_the_document_is_plain_json() -> None:
    assert json.loads(json.dumps(document())) == document()
    assert document()["openapi"].startswith("3.1")
    assert set(document()["info"]) >= {"title", "version"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Verb]:
    application = app(plane(tmp_path_factory.mktemp("served"), MemoryToggleStore()), Bootstrap("a-token-of-tests"))
    verbs = [route for route in application.routes if isinstance(route, Verb)]
    assert len(verbs) == len(application.routes), "a route that does not say which role it wants"
    return {(each.path, each.method.lower()): each for each in verbs}


def test_every_route_says_which_role_it_wants_is_described_and_nothing_else_is(
    served: dict[tuple[str, str], Verb],
) -> None:
    assert set(served) == set(VERBS)


def test_every_reference_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]
    found = set(references(document()))
    assert found
    assert {reference.removeprefix("#/components/schemas/") for reference in found} <= set(schemas)


def test_every_schema_is_a_json_schema() -> None:
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("path", "method"), VERBS)
def test_every_verb_has_a_name_of_its_own_a_summary_and_its_answers(
    served: dict[tuple[str, str], Verb], path: str, method: str
) -> None:
    described = verb(path, method)
    names = [verb(*each)["operationId"] for each in VERBS]
    assert names.count(described["operationId"]) == 1
    assert described["summary"]
    assert "200" in described["responses"]
    assert all(answer["description"] for answer in described["responses"].values())
    public = served[path, method].least is None
    assert ("401" in described["responses"]) != public
    assert ("security" in described) == public
    for parameter in described.get("parameters", []):
        assert parameter["in"] in {"query", "header", "path"}
        assert set(parameter) >= {"name", "in", "schema", "description"}


@pytest.mark.parametrize(("path", "method"), [each for each in VERBS if each[1] == "get" and each[0] != "/metrics"])
def test_what_is_answered_is_what_is_described(tmp_path: Path, path: str, method: str) -> None:
    schema = {**verb(path, method)["responses"]["200"]["content"]["application/json"]["schema"]}
    control = plane(tmp_path, MemoryToggleStore(), workers=0)
    observe(control, kept_pair("a-pair"))
    path = path.replace("{id}", "a-pair")
    with serving(control) as client:
        answered = client.get(path, params=_WANTED.get(path, {}))
        refused = client.get(path, headers={"Host": "elsewhere"})
    components = {"components": document()["components"]}
    assert answered.status_code == 200
    Draft202012Validator({**schema, **components}).validate(answered.json())
    Draft202012Validator({"$ref": "#/components/schemas/Error", **components}).validate(refused.json())
