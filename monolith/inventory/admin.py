from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from monolith.back_office import ModelAdmin, ReadOnlyAdmin, ReadOnlyInline
from monolith.inventory import services
from monolith.inventory.models import Reservation, Stock

__all__ = ["ReservationAdmin", "StockAdmin"]


class ReservationInline(ReadOnlyInline[Reservation, Stock]):
    model = Reservation
    fields = ("reference", "quantity", "state", "expires_at", "created_at")


@admin.register(Stock)
class StockAdmin(ModelAdmin[Stock]):
    """Stock-taking. What is written here goes the inventory's own way, so that the catalogue hears of it."""

    list_display = ("product", "on_hand", "reserved")
    list_filter = ("product__availability",)
    list_select_related = ("product",)
    search_fields = ("product__sku", "product__name")
    autocomplete_fields = ("product",)
    inlines = (ReservationInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stock]:
        active = Sum("reservations__quantity", filter=Q(reservations__state=Reservation.State.ACTIVE))
        return super().get_queryset(request).annotate(reserved=Coalesce(active, 0))

    @admin.display(description=_("reserved"), ordering="reserved")
    def reserved(self, stock: Stock) -> int:
        units: int = getattr(stock, "reserved", 0)
        return units

    def get_readonly_fields(self, request: HttpRequest, obj: Stock | None = None) -> tuple[str, ...]:
        return ("product",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Stock | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Stock, form: Any, change: bool) -> None:
        services.set_on_hand({obj.product_id: obj.on_hand})
        obj.pk = Stock.objects.values_list("pk", flat=True).get(product_id=obj.product_id)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin[Reservation]):
    list_display = ("reference", "stock", "quantity", "state", "expires_at")
    list_filter = ("state", "expires_at")
    list_select_related = ("stock",)
    search_fields = ("reference", "stock__product__sku")
