from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "monolith.catalog"
    label = "catalog"
    verbose_name = _("Catalogue")

    def ready(self) -> None:
        from monolith.catalog.logged import connect
        from monolith.catalog.models import Category, Product, Review

        connect(Category, Product, Review)
