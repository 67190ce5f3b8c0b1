"""URLs of what only our own services call, below /internal/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from monolith.catalog.feed import catalog_changes

urlpatterns: list[URLPattern | URLResolver] = [
    path("catalog/changes/", catalog_changes, name="catalog-changes"),
]
