"""The service's own model of a catalogue: values and pure decisions, no I/O."""

from extracted.catalog.domain.category import Category, CategoryPath, Shelf, place
from extracted.catalog.domain.money import Money
from extracted.catalog.domain.product import Availability, Lifecycle, Listing, Product, Rating
from extracted.catalog.domain.review import Review
from extracted.catalog.domain.search import Criteria, Order, SortBy

__all__ = [
    "Availability",
    "Category",
    "CategoryPath",
    "Criteria",
    "Lifecycle",
    "Listing",
    "Money",
    "Order",
    "Product",
    "Rating",
    "Review",
    "Shelf",
    "SortBy",
    "place",
]
