from __future__ import annotations

import jsonschema
import pytest

from extracted.catalog.store import MemoryStore
from tests.extracted.catalog import rows
from tests.extracted.catalog.client import Client
from tests.extracted.catalog.conftest import Serve
from tests.extracted.catalog.rows import FakeMonolith


@pytest.fixture
def client(serve: Serve, monolith: FakeMonolith) -> Client:
    monolith.put("category", rows.category(1, "kitchen"), rows.category(2, "knives", 1))
    monolith.put(
        "product",
        rows.product(1, 2, sale_price="79.90", rating_sum=13, review_count=3),
        rows.product(2, is_discontinued=True),
        rows.product(3, is_published=False),
    )
    monolith.put("review", rows.review(1, 1), rows.review(2, 1), rows.review(3, 1, is_approved=False))
    return serve()


def test_a_product_speaks_the_services_own_words(client: Client) -> None:
    assert client.get("/v1/products/1").json() == {
        "id": 1,
        "sku": "SKU-00001",
        "slug": "product-1",
        "name": "Product 1",
        "description": "All about product 1.",
        "category_path": "kitchen/knives",
        "price": {"minor": 8990, "currency": "EUR"},
        "sale_price": {"minor": 7990, "currency": "EUR"},
        "tax_rate_bp": 1900,
        "availability": "in_stock",
        "status": "on_sale",
        "attributes": {"blade": "20 cm", "colour": "red"},
        "weight_grams": 250,
        "image": None,
        "rating": {"mean": "4.33", "reviews": 3},
        "created_at": "2026-01-02T03:04:05.678901Z",
        "updated_at": "2026-01-03T00:00:00Z",
    }


def test_products_are_had_by_their_ids_in_whichever_stage_of_life(client: Client) -> None:
    body = client.get("/v1/products?ids=3,1,2,99,1").json()
    assert [(product["id"], product["status"]) for product in body["products"]] == [
        (1, "on_sale"),
        (2, "discontinued"),
        (3, "unpublished"),
    ]
    assert body["next"] is None
    assert client.get("/v1/products?ids=").json()["products"] == []


def test_all_products_are_had_part_by_part(client: Client) -> None:
    seen: list[int] = []
    following: str | None = "/v1/products?limit=2"
    while following is not None:
        body = client.get(following).json()
        seen += [product["id"] for product in body["products"]]
        following = body["next"]
    assert seen == [1, 2, 3]


def test_categories_and_reviews_are_had(client: Client) -> None:
    assert client.get("/v1/categories").json()["categories"] == [
        {"id": 1, "name": "Kitchen", "path": "kitchen", "products": 0},
        {"id": 2, "name": "Knives", "path": "kitchen/knives", "products": 1},
    ]
    body = client.get("/v1/products/1/reviews?limit=1&offset=1").json()
    assert (body["total"], [review["id"] for review in body["reviews"]]) == (2, [1])


@pytest.mark.parametrize(
    ("path", "status", "code", "where"),
    [
        ("/v1/products/99", 404, "not_found", "product_id"),
        (f"/v1/products/{10**30}", 404, "not_found", "product_id"),
        ("/v1/products/99/reviews", 404, "not_found", "product_id"),
        ("/v1/products?ids=1,x", 400, "bad_parameter", "ids"),
        ("/v1/products?ids=" + ",".join(map(str, range(201))), 400, "bad_parameter", "ids"),
        ("/v1/products?limit=0", 400, "bad_parameter", "limit"),
        ("/v1/products?limit=201", 400, "bad_parameter", "limit"),
        ("/v1/products?after=-1", 400, "bad_parameter", "after"),
        ("/v1/products/1/reviews?offset=x", 400, "bad_parameter", "offset"),
    ],
)
def test_what_cannot_be_had_is_told_with_the_place(
    client: Client, path: str, status: int, code: str, where: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["code"], error["where"]) == (code, where)
    assert error["message"]


def test_what_is_not_ready_is_told(serve: Serve) -> None:
    client = serve(filled=False)
    assert client.get("/v1/categories").json()["error"]["code"] == "not_filled"
    gone = MemoryStore()
    gone.gone = True
    client.service.store = gone
    answer = client.get("/v1/categories")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_gone")
    assert answer.headers["Retry-After"] == "1"


def test_every_answer_is_as_the_document_says(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    for path, actual in {
        "/v1/products": "/v1/products",
        "/v1/products/{product_id}": "/v1/products/1",
        "/v1/products/{product_id}/reviews": "/v1/products/1/reviews",
        "/v1/categories": "/v1/categories",
    }.items():
        responses = document["paths"][path]["get"]["responses"]
        schema = responses["200"]["content"]["application/json"]["schema"] | {"components": document["components"]}
        jsonschema.validate(client.get(actual).json(), schema, jsonschema.Draft202012Validator)
    problem = {"$ref": "#/components/schemas/ProblemShape", "components": document["components"]}
    jsonschema.validate(client.get("/v1/products/99").json(), problem, jsonschema.Draft202012Validator)


def test_every_endpoint_is_in_the_document(client: Client) -> None:
    documented = set(client.get("/openapi.json").json()["paths"])
    served = {
        route.path.replace(":int", "")
        for route in client.app.routes
        if hasattr(route, "path") and route.path not in {"/api/v1", "/openapi.json"}
    }
    assert documented == served
