"""Whatever is asked of the control API by its own description: nothing breaks it, and no nonsense is taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, response_schema_conformance
from strangler_proxy.control.openapi import document

from strangler.testing.toggle_store import MemoryToggleStore
from tests.proxy.control.fakes import kept_pair, observe, plane
from tests.proxy.control.server import TOKEN, serving

pytestmark = pytest.mark.slow

VERBS = [(method.upper(), path) for path, verbs in document()["paths"].items() for method in verbs]
# Whose answer waits, by design.
LONG = "/api/v1/snapshot"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    control = plane(tmp_path_factory.mktemp("fuzz"), MemoryToggleStore(), workers=0, control_rate=0.0)
    observe(control, kept_pair("a-pair"), agreeing=3)
    with serving(control) as client:
        yield client


@pytest.fixture(scope="module")
def schema() -> Any:
    return schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize(("method", "path"), [each for each in VERBS if each[1] != LONG])
@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_nothing_breaks_it_and_no_nonsense_is_taken(
    client: httpx.Client, schema: Any, method: str, path: str, mode: Any
) -> None:
    operation = schema[path][method]
    takes = _takes_anything(operation)
    if mode is schemathesis.GenerationMode.NEGATIVE and not takes:
        return

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=8 if takes else 2,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {TOKEN}"}
        response = case.call(base_url=str(client.base_url))
        unreachable = response.status_code == 503 and path != "/health/ready"
        assert response.status_code < 500 or unreachable or path == "/health/ready", response.text
        assert str(response.status_code) in operation.definition.raw["responses"], response.text
        # Too long a text is refused before it is read: schemathesis does not count that as a refusal.
        checks = [response_schema_conformance, *([] if response.status_code == 413 else [negative_data_rejection])]
        case.validate_response(response, checks=checks)

    ask()
    assert client.get("/health/live").status_code == 200


def _takes_anything(operation: Any) -> bool:
    raw = operation.definition.raw
    return bool(raw.get("requestBody")) or any(each["in"] == "query" for each in raw.get("parameters", ()))
