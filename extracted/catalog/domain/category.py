from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from extracted.catalog.errors import InvalidValue

__all__ = ["Category", "CategoryPath", "Shelf", "place"]


@dataclass(frozen=True, slots=True, order=True)
class CategoryPath:
    """Where a category stands, from the top: `CategoryPath("kitchen/knives")`. Segments are slugs."""

    text: str

    def __post_init__(self) -> None:
        if not all(self.text.split("/")):
            raise InvalidValue(f"{self.text!r} is no path; write slugs with a / between, as kitchen/knives.")

    def __str__(self) -> str:
        return self.text

    def child(self, slug: str) -> CategoryPath:
        return CategoryPath(f"{self.text}/{slug}")

    def holds(self, other: CategoryPath) -> bool:
        """True for the path itself and for all below it."""
        return other.text == self.text or other.text.startswith(self.text + "/")


@dataclass(frozen=True, slots=True)
class Category:
    """A category as the monolith tells of it, not yet placed: its parent may still be on its way."""

    id: int
    name: str
    slug: str
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category with its place in the tree. `products` counts the products on sale directly in it."""

    id: int
    name: str
    slug: str
    path: CategoryPath
    parent_id: int | None
    products: int = 0


def place(categories: Iterable[Category]) -> dict[int, CategoryPath | None]:
    """The path of each category, None where it has none: its parent is missing, or it lies in a circle.

    The answer depends on the set alone and not on its order, so categories may arrive in any order.
    """
    known = {category.id: category for category in categories}
    placed: dict[int, CategoryPath | None] = {}
    for start in known.values():
        trail: list[Category] = []
        walked: set[int] = set()
        at: Category | None = start
        while at is not None and at.id not in placed and at.id not in walked:
            trail.append(at)
            walked.add(at.id)
            at = known.get(at.parent_id) if at.parent_id is not None else None
        for category in reversed(trail):
            placed[category.id] = _below(category, placed)
    return placed


def _below(category: Category, placed: dict[int, CategoryPath | None]) -> CategoryPath | None:
    if category.parent_id is None:
        return CategoryPath(category.slug)
    above = placed.get(category.parent_id)
    return above.child(category.slug) if above is not None else None
