from __future__ import annotations

from django.contrib import admin

from monolith.back_office import ReadOnlyAdmin, ReadOnlyInline
from monolith.payments.models import Payment, Refund, WebhookEvent

__all__ = ["PaymentAdmin", "WebhookEventAdmin"]


class RefundInline(ReadOnlyInline[Refund, Payment]):
    model = Refund
    fields = ("created_at", "amount", "reason")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    """Money that has moved: to be read only. Refunds are made on the order."""

    list_display = ("reference", "order", "amount", "currency", "state", "card_last4", "created_at", "settled_at")
    list_filter = ("state", "created_at")
    list_select_related = ("order",)
    search_fields = ("reference", "order__number", "card_last4")
    date_hierarchy = "created_at"
    inlines = (RefundInline,)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin[WebhookEvent]):
    list_display = ("event_id", "kind", "reference", "received_at")
    list_filter = ("kind", "received_at")
    search_fields = ("event_id", "reference")
