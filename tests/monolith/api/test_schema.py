from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client


def test_the_schema_is_valid_and_drawn_without_a_warning() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


@pytest.fixture
def schema(client: Client) -> Any:
    answer = client.get("/api/v1/schema/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/vnd.oai.openapi+json")
    return answer.json()


def test_the_schema_names_every_endpoint(schema: Any) -> None:
    assert {(method, path.removeprefix("/api/v1/")) for path, found in schema["paths"].items() for method in found} == {
        ("get", "products/"),
        ("get", "products/{id}/"),
        ("get", "products/{id}/reviews/"),
        ("post", "products/{id}/reviews/"),
        ("get", "categories/"),
        ("get", "stock/"),
        ("get", "stock/{product_id}/"),
        ("get", "cart/"),
        ("delete", "cart/"),
        ("post", "cart/items/"),
        ("patch", "cart/items/{product_id}/"),
        ("delete", "cart/items/{product_id}/"),
        ("post", "checkout/"),
        ("get", "orders/"),
        ("get", "orders/{number}/"),
        ("post", "orders/{number}/cancel/"),
        ("get", "payments/{reference}/"),
        ("post", "payments/{reference}/refund/"),
        ("post", "payments/webhook/"),
        ("post", "auth/token/"),
    }


def test_the_list_s_parameters_say_what_may_be_asked(schema: Any) -> None:
    parameters = {each["name"]: each for each in schema["paths"]["/api/v1/products/"]["get"]["parameters"]}
    assert {name: each["schema"]["type"] for name, each in parameters.items()} == {
        "category": "string", "search": "string", "min_price": "number", "max_price": "number", "in_stock": "boolean",
        "ordering": "array", "page": "integer", "page_size": "integer",
    }  # fmt: skip
    assert set(parameters["ordering"]["schema"]["items"]["enum"]) == {
        f"{sign}{key}" for key in ("name", "price", "created_at", "rating") for sign in ("", "-")
    }
    assert all(each["description"] for each in parameters.values())


def test_the_public_reads_ask_for_no_identity(schema: Any) -> None:
    for path in ("products/", "products/{id}/", "products/{id}/reviews/", "categories/"):
        assert not schema["paths"][f"/api/v1/{path}"]["get"].get("security")
    assert schema["paths"]["/api/v1/orders/"]["get"]["security"]
