"""The anti-corruption layer: the monolith's shapes in, the monolith's public contract out, the domain between."""

from extracted.catalog.translate.change import Change, Removal, Upsert, change
from extracted.catalog.translate.incoming import DROPPED, category, product, review
from extracted.catalog.translate.presenting import Links, category_entry, product_detail, product_item, review_entry

__all__ = [
    "DROPPED",
    "Change",
    "Links",
    "Removal",
    "Upsert",
    "category",
    "category_entry",
    "change",
    "product",
    "product_detail",
    "product_item",
    "review",
    "review_entry",
]
