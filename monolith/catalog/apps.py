from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "monolith.catalog"
    label = "catalog"
    verbose_name = _("Catalogue")

    def ready(self) -> None:
        from monolith.catalog.logged import connect
        from monolith.catalog.models import Category, Product, Review

        connect(Category, Product, Review)
        post_migrate.connect(_renumber_restored, sender=self, dispatch_uid="log-renumber")


def _renumber_restored(**_: Any) -> None:
    from monolith.catalog.changes import renumber_restored

    renumber_restored()
