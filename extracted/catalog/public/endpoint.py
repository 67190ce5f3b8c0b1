from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from extracted.catalog.errors import NotFilled, StoreGone
from extracted.catalog.public import reads
from extracted.catalog.public.answer import Answer, bad_request, json_answer, moved
from extracted.catalog.public.asked import Asked, TooManyParameters
from extracted.catalog.public.negotiation import indent_asked_for
from extracted.catalog.public.reads import Question, Read
from extracted.catalog.public.refusal import Refusal, refusal

if TYPE_CHECKING:
    from extracted.catalog.service import Service

__all__ = ["PublicContract"]

_READ_ONLY = "GET, HEAD, OPTIONS"
_LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class _Route:
    """`name` and `about` are what the monolith says of the view when asked with OPTIONS."""

    path: re.Pattern[str]
    read: Read
    name: str
    about: str
    allow: str = _READ_ONLY

    def description(self) -> dict[str, object]:
        types = ["application/json"]
        return {"name": self.name, "description": self.about, "renders": types, "parses": types}


_ROUTES = (
    _Route(
        re.compile(r"/api/v1/products(/?)"),
        reads.products,
        "Product List",
        "Products on sale: filtered, searched, ordered, by pages.",
    ),
    _Route(
        re.compile(r"/api/v1/products/([0-9]+)(/?)"),
        reads.product,
        "Product Detail",
        "One product, discontinued ones included.",
    ),
    _Route(
        re.compile(r"/api/v1/products/([0-9]+)/reviews(/?)"),
        reads.reviews,
        "Review List",
        "What customers think of a product: the approved reviews, the newest first.",
        "GET, POST, HEAD, OPTIONS",
    ),
    _Route(
        re.compile(r"/api/v1/categories(/?)"),
        reads.categories,
        "Category List",
        "All categories in the order of their paths, in one answer.",
    ),
)


class PublicContract:
    """ASGI application of the four reads below /api/v1/."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self.answer(Asked.of(scope))
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.body})

    async def answer(self, asked: Asked) -> Answer:
        """The answer of whichever read the path belongs to."""
        if not asked.host_is_allowed(self._service.settings.allowed_hosts):
            return bad_request(asked, before_the_view=True)
        for route in _ROUTES:
            match = route.path.fullmatch(asked.path)
            if match is None:
                continue
            *ids, slash = match.groups()
            if not slash:
                return moved(asked)
            product_id = _id(ids[0]) if ids else 0
            return await self._read(route, Question(asked, product_id, self._service.settings.media_url))
        return json_answer(asked, 404, refusal(404, "not_found", asked.language).body, allow=_READ_ONLY)

    async def _read(self, route: _Route, question: Question) -> Answer:
        asked = question.asked
        indent: int | None = None
        try:
            indent = indent_asked_for(asked)
            self._service.throttle.admit(asked)
            if asked.method == "OPTIONS":
                return json_answer(asked, 200, route.description(), allow=route.allow, indent=indent)
            if asked.method not in {"GET", "HEAD"}:
                raise refusal(405, "method_not_allowed", asked.language, method=asked.method)
            data = await self._service.read(lambda reading: route.read(reading, question))
            return json_answer(asked, 200, data, allow=route.allow, indent=indent)
        except Refusal as no:
            return json_answer(asked, no.status, no.body, allow=route.allow, indent=indent, extra=no.headers)
        except TooManyParameters:
            return bad_request(asked, before_the_view=False)
        except (StoreGone, NotFilled):
            # 503 is what makes the proxy turn to the monolith.
            unavailable = {"detail": "The catalogue is not available just now."}
            return json_answer(asked, 503, unavailable, allow=route.allow, extra={"Retry-After": "1"})


def _id(digits: str) -> int:
    """The number; 0, which nothing has, for one that is larger than any id and than Python likes to read."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _LONGEST_ID else 0
