from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from monolith.back_office import ModelAdmin, ReadOnlyAdmin, ReadOnlyInline
from monolith.cart.models import Cart, Item, Promotion
from monolith.cart.promotions import apply_promotions

__all__ = ["CartAdmin", "PromotionAdmin"]


class ItemInline(ReadOnlyInline[Item, Cart]):
    model = Item
    fields = ("product", "quantity")


@admin.register(Cart)
class CartAdmin(ReadOnlyAdmin[Cart]):
    list_display = ("customer", "updated_at")
    list_select_related = ("customer",)
    search_fields = ("customer__email",)
    inlines = (ItemInline,)


@admin.register(Promotion)
class PromotionAdmin(ModelAdmin[Promotion]):
    list_display = ("name", "kind", "percent", "take", "pay", "category", "starts_at", "ends_at", "is_active")
    list_filter = ("is_active", "kind", "starts_at")
    list_select_related = ("category",)
    search_fields = ("name",)
    autocomplete_fields = ("category", "products")
    actions = ("start", "stop", "write_prices")

    @admin.action(description=_("Start the selected promotions"), permissions=["change"])
    def start(self, request: HttpRequest, promotions: QuerySet[Promotion]) -> None:
        self._set_active(request, promotions, True)

    @admin.action(description=_("Stop the selected promotions"), permissions=["change"])
    def stop(self, request: HttpRequest, promotions: QuerySet[Promotion]) -> None:
        self._set_active(request, promotions, False)

    @admin.action(description=_("Write all sale prices now instead of tonight"), permissions=["change"])
    def write_prices(self, request: HttpRequest, promotions: QuerySet[Promotion]) -> None:
        changed = apply_promotions()
        text = ngettext("%(count)s price changed.", "%(count)s prices changed.", changed)
        messages.success(request, text % {"count": changed})

    def _set_active(self, request: HttpRequest, promotions: QuerySet[Promotion], active: bool) -> None:
        changed = promotions.exclude(is_active=active).update(is_active=active)
        text = ngettext("%(count)s promotion changed.", "%(count)s promotions changed.", changed)
        messages.success(request, text % {"count": changed})
