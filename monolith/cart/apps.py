from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CartConfig(AppConfig):
    name = "monolith.cart"
    label = "cart"
    verbose_name = _("Cart")

    def ready(self) -> None:
        from monolith.cart import receivers  # noqa: F401  # connects the signals
