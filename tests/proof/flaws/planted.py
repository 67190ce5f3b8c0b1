"""The bugs planted in the catalogue service for the parity tests, each with the fields in which it must be found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.parity.planted import BUGS
from tests.proof.flaws.flaw import Flaw

__all__ = ["BEYOND_CONDITIONS", "PLANTED"]

_NEVER_304: Final = "conditional: 304 is never given"
_LIST: Final = ("$.results",)
_PAGES: Final = ("$.count", "$.next", "$.previous", "$.results", "status", "$.detail")

_AT: Final[Mapping[str, tuple[str, ...]]] = {
    "rounding: tax is rounded down": ("price_with_tax",),
    "rounding: ratings lose their digit": ("rating",),
    "stale price: the sale price is left out": ("sale_price",),
    "wrong default: without a sale the price is the sale price": ("sale_price",),
    "stale stock: everything is in stock": ("availability",),
    "lost unicode: names become ASCII": ("name",),
    "case: the currency in small letters": ("currency",),
    "white space: names end with a space": ("name",),
    "escaping: texts are escaped for HTML": ("description",),
    "truncation: descriptions of 20 characters": ("description",),
    "null for missing: an image is never null": ("image",),
    "nought for null: an unknown weight is 0": ("weight_grams",),
    "null for nought: no reviews are null": ("review_count",),
    "extra field: the service shows its own version": ("version",),
    "missing field: the slug is gone": ("slug",),
    "missing entry: the first attribute is lost": ("attributes",),
    "shape: the category is its name alone": ("category",),
    "type change: ids are texts": (".id",),
    "type change: whole numbers get a fraction": (".id",),
    "type change: a flag is a text": ("discontinued",),
    "type change: creation as seconds": ("created_at",),
    "number for text: prices are floats": ("price",),
    "notation: tax rates without their cents": ("tax_rate",),
    "timezone: an offset for Z": ("created_at",),
    "timezone: local time": ("created_at",),
    "precision: microseconds are cut": ("created_at",),
    "clock: changed at the time of asking": ("updated_at",),
    "few inputs: one product in 37 counts a review too many": ("review_count",),
    "one input: a single product weighs a gram too much": ("weight_grams",),
    "signed in: members see another price": ("price",),
    "duplicate key: the SKU stands twice": ("sku",),
    "address: links to the service's own host": ("url",),
    "address: two slashes": ("url",),
    "reviews: stars are texts": ("stars",),
    "reviews: authors by their first letter": ("author",),
    "reviews: no count beyond the page": ("count",),
    "categories: the parent by its path": ("parent",),
    "categories: empty ones are left out": ("$",),
    "categories: counts are of yesterday": ("product_count",),
    "categories: sorted by name": ("$",),
    "paging: pages begin one too early": _PAGES,
    "paging: no upper limit to a page": _PAGES,
    "paging: pages of 19": _PAGES,
    "paging: links to the next page lose the filters": ("$.next", "$.previous"),
    "paging: no page is the last": _PAGES,
    "paging: the first page for one that is not there": _PAGES,
    "paging: the last of a page is left out": _LIST,
    "sorting: ties the other way round": _LIST,
    "sorting: oldest reviews first": _LIST,
    "sorting: none, and every time another": _LIST,
    "filter: in_stock is ignored": _PAGES,
    "filter: the lowest price does not count": _PAGES,
    "filter: the highest price is ignored": _PAGES,
    "filter: only the first word is searched for": _PAGES,
    "filter: a category without those below it": _PAGES,
    "parameters: of two the first": _PAGES,
    "parameters: one mistake at a time": ("$.",),
    "parameters: an unknown order is passed over": ("status", "$."),
    "status: discontinued products are gone": ("status",),
    "status: 400 for a page that is not there": ("status",),
    "status: what is not there is answered 200": ("status",),
    "status: 500 for a search in Unicode": ("status",),
    "status: HEAD is not allowed": ("status",),
    "redirect: temporary for permanent": ("status",),
    "redirect: the query is lost": ("header:Location",),
    "negotiation: any type is taken": ("status",),
    "language: paging errors in English only": ("$.detail",),
    "language: Content-Language is always en": ("header:Content-Language",),
    "header: Vary is missing": ("header:Vary",),
    "header: Content-Language is missing": ("header:Content-Language",),
    "header: Allow is missing": ("header:Allow",),
    "header: ETag is missing": ("header:ETag",),
    "header: ETag is weak": ("header:ETag",),
    "header: another charset": ("header:Content-Type", "body"),
    "header: frames are allowed": ("header:X-Frame-Options",),
    "header: caches may keep it": ("header:Cache-Control",),
    "cookie: one that nobody asked for": ("header:Set-Cookie",),
    "encoding: Latin-1 for UTF-8": ("body",),
    "encoding: a byte order mark": ("body",),
    "body: few answers are empty": ("body",),
}
_UNSTEADY: Final = frozenset({"sorting: none, and every time another", "clock: changed at the time of asking"})

BEYOND_CONDITIONS: Final = {
    Flaw(name=_NEVER_304, at=(), plant=BUGS[_NEVER_304]): (
        "a copy is sent without its conditions, and an exchange that ended with 304 is no pair; the parity tests see it"
    )
}
PLANTED: Final = tuple(
    Flaw(name=name, at=_AT[name], plant=plant, unsteady=name in _UNSTEADY)
    for name, plant in BUGS.items()
    if name != _NEVER_304
)
