from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from extracted.catalog.api.openapi import openapi
from extracted.catalog.api.problem import Problem, problem_response
from extracted.catalog.api.shapes import (
    CategoriesShape,
    CategoryShape,
    ProductShape,
    ProductsShape,
    ReviewShape,
    ReviewsShape,
)
from extracted.catalog.domain import Listing
from extracted.catalog.errors import NotFilled, StoreGone
from extracted.catalog.store import Reading

if TYPE_CHECKING:
    from extracted.catalog.service import Service

__all__ = ["CleanApi"]

_MOST_IDS = 200
_LARGEST_ID = 2**63 - 1


class CleanApi:
    """The endpoints below /v1/."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._openapi = openapi(service.settings.release)

    async def products(self, request: Request) -> Response:
        return await self._answer(request, _products)

    async def product(self, request: Request) -> Response:
        return await self._answer(
            request, lambda reading, asked: ProductShape.of(_listing(reading, asked.path_params["product_id"]))
        )

    async def categories(self, request: Request) -> Response:
        return await self._answer(
            request,
            lambda reading, _: CategoriesShape(categories=[CategoryShape.of(s) for s in reading.shelves()]),
        )

    async def reviews(self, request: Request) -> Response:
        return await self._answer(request, _reviews)

    async def document(self, request: Request) -> Response:
        return JSONResponse(self._openapi)

    async def _answer(self, request: Request, read: Callable[[Reading, Request], BaseModel]) -> Response:
        try:
            body = await self._service.read(lambda reading: read(reading, request).model_dump_json())
        except Problem as problem:
            return problem_response(problem)
        except NotFilled as error:
            return problem_response(Problem(503, "not_filled", str(error), remedy="Ask again in a moment."))
        except StoreGone as error:
            return problem_response(Problem(503, "store_gone", str(error), remedy="Ask again in a moment."))
        return Response(body, media_type="application/json")


def _products(reading: Reading, request: Request) -> ProductsShape:
    if "ids" in request.query_params:
        listings = reading.listings_of(_ids(request.query_params["ids"]))
        return ProductsShape(products=[ProductShape.of(listing) for listing in listings], next=None)
    limit = _number(request, "limit", default=50, smallest=1, largest=200)
    after = _number(request, "after", default=0, smallest=0, largest=_LARGEST_ID)
    listings = reading.listings_after(after, limit + 1)
    following = f"/v1/products?after={listings[limit - 1].product.id}&limit={limit}" if len(listings) > limit else None
    return ProductsShape(products=[ProductShape.of(listing) for listing in listings[:limit]], next=following)


def _reviews(reading: Reading, request: Request) -> ReviewsShape:
    product_id = _listing(reading, request.path_params["product_id"]).product.id
    limit = _number(request, "limit", default=50, smallest=1, largest=200)
    offset = _number(request, "offset", default=0, smallest=0, largest=2**31)
    found = reading.reviews(product_id, offset, limit)
    return ReviewsShape(reviews=[ReviewShape.of(r) for r in found], total=reading.count_reviews(product_id))


def _listing(reading: Reading, product_id: int) -> Listing:
    found = reading.listing(product_id) if product_id <= _LARGEST_ID else None
    if found is None:
        raise Problem(404, "not_found", f"The catalogue has no product {product_id}.", where="product_id")
    return found


def _ids(text: str) -> set[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = next((part for part in parts if not (part.isascii() and part.isdecimal() and len(part) < 19)), None)
    if wrong is not None:
        raise Problem(400, "bad_parameter", f"{wrong!r} is no product id.", "ids", "Send numbers, as ids=1,2,3.")
    ids = {int(part) for part in parts}
    if len(ids) > _MOST_IDS:
        raise Problem(
            400, "bad_parameter", f"{len(ids)} ids are too many.", "ids", f"Send at most {_MOST_IDS} at a time."
        )
    return ids


def _number(request: Request, name: str, *, default: int, smallest: int, largest: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else -1
    if not smallest <= value <= largest:
        raise Problem(
            400, "bad_parameter", f"{text!r} cannot be taken.", name, f"Send a number from {smallest} to {largest}."
        )
    return value
