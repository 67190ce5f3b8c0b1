from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from monolith.catalog.categories import CategoryTree
from monolith.catalog.models import Category

__all__ = ["main_categories"]


def main_categories(request: HttpRequest) -> dict[str, object]:
    """``main_categories``: the roots of the tree for the navigation, read when a template asks."""

    def read() -> list[Category]:
        return CategoryTree.load().children(None)

    return {"main_categories": SimpleLazyObject(read)}
