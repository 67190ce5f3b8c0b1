"""The tree of categories, read in one query: paths, descendants, order."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from monolith.catalog.models import Category

__all__ = ["CategoryTree"]


class CategoryTree:
    """All categories at one moment. A loop in the data (raw SQL could make one) ends at the first repeat."""

    def __init__(self, categories: list[Category]) -> None:
        self.by_id = {category.pk: category for category in categories}
        self._children: dict[int | None, list[Category]] = defaultdict(list)
        for category in sorted(categories, key=lambda c: (c.sort_order, c.name, c.pk)):
            self._children[category.parent_id].append(category)

    @classmethod
    def load(cls) -> CategoryTree:
        return cls(list(Category.objects.all()))

    @cached_property
    def paths(self) -> dict[int, str]:
        """The slugs from the root down, by id: ``kitchen/knives``."""
        return {pk: "/".join(c.slug for c in self.line(pk)) for pk in self.by_id}

    def path(self, category_id: int) -> str:
        return self.paths[category_id]

    def line(self, category_id: int) -> list[Category]:
        """The category and those above it, the root first."""
        found: list[Category] = []
        at: int | None = category_id
        while at is not None and at in self.by_id and self.by_id[at] not in found:
            found.append(self.by_id[at])
            at = self.by_id[at].parent_id
        return found[::-1]

    def children(self, category_id: int | None) -> list[Category]:
        """Those directly below, as the shop orders them; None for the roots."""
        return self._children[category_id]

    def with_descendants(self, category_id: int) -> set[int]:
        found: set[int] = set()
        waiting = [category_id]
        while waiting:
            at = waiting.pop()
            if at not in found:
                found.add(at)
                waiting.extend(child.pk for child in self._children[at])
        return found

    def by_path(self) -> list[Category]:
        return sorted(self.by_id.values(), key=lambda c: self.paths[c.pk])
