from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from extracted.catalog.api.shapes import CategoriesShape, ProblemShape, ProductShape, ProductsShape, ReviewsShape

__all__ = ["openapi"]

_REF = "#/components/schemas/{model}"


def openapi(release: str) -> dict[str, Any]:
    """The document of the clean API, OpenAPI 3.1."""
    models: list[type[BaseModel]] = [CategoriesShape, ProblemShape, ProductShape, ProductsShape, ReviewsShape]
    _, schemas = models_json_schema([(model, "serialization") for model in models], ref_template=_REF)
    product_id = _parameter("product_id", "path", {"type": "integer", "minimum": 0}, "The product's id.")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Catalogue",
            "version": release,
            "description": "The catalogue service's own API. The shop's public API below /api/v1/ is documented there.",
        },
        "paths": {
            "/v1/products": {
                "get": _operation(
                    "listProducts",
                    "Products by id: those named by `ids`, or all, a part at a time.",
                    ProductsShape,
                    [
                        _parameter(
                            "ids",
                            "query",
                            {"type": "array", "items": {"type": "integer"}, "maxItems": 200},
                            "Only these; those that do not exist are left out. Not with after and limit.",
                            explode=False,
                        ),
                        _parameter(
                            "after", "query", {"type": "integer", "minimum": 0, "default": 0}, "Only behind this id."
                        ),
                        _limit(),
                    ],
                    ("400",),
                )
            },
            "/v1/products/{product_id}": {
                "get": _operation("getProduct", "One product.", ProductShape, [product_id], ("404",))
            },
            "/v1/products/{product_id}/reviews": {
                "get": _operation(
                    "listReviews",
                    "The approved reviews of a product, newest first.",
                    ReviewsShape,
                    [
                        product_id,
                        _limit(),
                        _parameter(
                            "offset", "query", {"type": "integer", "minimum": 0, "default": 0}, "How many to skip."
                        ),
                    ],
                    ("400", "404"),
                )
            },
            "/v1/categories": {
                "get": _operation("listCategories", "All categories, by path.", CategoriesShape, [], ())
            },
            "/health/live": {"get": _health("live", ())},
            "/health/ready": {"get": _health("ready", ("503",))},
        },
        "components": {"schemas": schemas["$defs"]},
    }


def _operation(
    name: str, summary: str, model: type[BaseModel], parameters: list[dict[str, Any]], refusals: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {"200": _content("As asked.", model)}
        | {status: _content(_REFUSALS[status], ProblemShape) for status in (*refusals, "503", "504")},
    }


_REFUSALS = {
    "400": "A parameter cannot be taken.",
    "404": "There is no such product.",
    "503": "The database does not answer, or the first import has not finished.",
    "504": "It took longer than X-Strangler-Deadline-Ms allows.",
}


def _content(description: str, model: type[BaseModel]) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, where: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "schema": schema,
        "description": description,
    } | more


def _limit() -> dict[str, Any]:
    return _parameter(
        "limit", "query", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "How many at most."
    )


def _health(name: str, refusals: tuple[str, ...]) -> dict[str, Any]:
    body = {"application/json": {"schema": {"type": "object"}}}
    responses = {"200": {"description": "Yes.", "content": body}}
    return {
        "operationId": name,
        "summary": f"Whether the service is {name}.",
        "responses": responses | {status: {"description": "No.", "content": body} for status in refusals},
    }
