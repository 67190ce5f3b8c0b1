from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from monolith.back_office import ReadOnlyAdmin, ReadOnlyInline
from monolith.orders import services
from monolith.orders.models import Order, OrderEvent, OrderLine
from monolith.payments.services import payments_of

__all__ = ["OrderAdmin"]


class LineInline(ReadOnlyInline[OrderLine, Order]):
    model = OrderLine
    fields = ("position", "sku", "name", "quantity", "unit_gross", "discount", "promotion", "tax_rate", "gross")


class EventInline(ReadOnlyInline[OrderEvent, Order]):
    model = OrderEvent
    fields = ("at", "state", "note")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin[Order]):
    """Orders change by their guarded transitions only; the fields are there to be read."""

    list_display = ("number", "placed_at", "customer", "state", "gross", "currency", "ship_country")
    list_filter = ("state", "placed_at", "ship_country", "language")
    list_select_related = ("customer",)
    list_per_page = 50
    search_fields = ("number", "email", "ship_name", "lines__sku")
    date_hierarchy = "placed_at"
    inlines = (LineInline, EventInline)
    actions = ("mark_shipped", "mark_delivered", "call_off", "send_money_back")

    def get_readonly_fields(self, request: HttpRequest, obj: Order | None = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "paid_by"]

    @admin.display(description=_("payments"))
    def paid_by(self, order: Order) -> str:
        rows = [
            (reverse("admin:payments_payment_change", args=[p.pk]), p.reference, p.amount, p.get_state_display())
            for p in payments_of(order.pk)
        ]
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a> {} {}', rows) or "–"

    @admin.action(description=_("Mark the selected orders as shipped"), permissions=["change"])
    def mark_shipped(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._each(request, orders, services.ship)

    @admin.action(description=_("Mark the selected orders as delivered"), permissions=["change"])
    def mark_delivered(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._each(request, orders, services.mark_delivered)

    @admin.action(description=_("Cancel the selected orders"), permissions=["change"])
    def call_off(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._each(request, orders, lambda pk: services.cancel(pk, "cancelled by the shop"))

    @admin.action(description=_("Refund the selected orders"), permissions=["change"])
    def send_money_back(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        self._each(request, orders, lambda pk: services.refund(pk, "refunded by the shop"))

    def _each(self, request: HttpRequest, orders: QuerySet[Order], move: Callable[[int], Order]) -> None:
        """Each order in its own transaction; those that refuse are named and stay as they are."""
        moved, refused = 0, []
        for order in orders.order_by("pk"):
            try:
                move(order.pk)
            except services.TransitionRefused:
                refused.append(f"{order.number} ({order.get_state_display()})")
            else:
                moved += 1
        if moved:
            text = ngettext("%(count)s order changed.", "%(count)s orders changed.", moved)
            messages.success(request, text % {"count": moved})
        if refused:
            text = gettext("The state of these orders does not allow that: %(orders)s.")
            messages.error(request, text % {"orders": ", ".join(refused)})
