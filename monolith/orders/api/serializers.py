from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monolith.orders.models import Order, OrderEvent, OrderLine
from monolith.payments import services as payments

__all__ = ["CancelSerializer", "OrderDetailSerializer", "OrderSerializer"]


class OrderLineSerializer(serializers.ModelSerializer[OrderLine]):
    class Meta:
        model = OrderLine
        fields = (
            "product",
            "sku",
            "name",
            "quantity",
            "unit_gross",
            "tax_rate",
            "discount",
            "promotion",
            "net",
            "tax",
            "gross",
        )
        read_only_fields = fields


class OrderEventSerializer(serializers.ModelSerializer[OrderEvent]):
    class Meta:
        model = OrderEvent
        fields = ("state", "note", "at")
        read_only_fields = fields


class OrderSerializer(serializers.ModelSerializer[Order]):
    lines = OrderLineSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields: ClassVar[tuple[str, ...]] = (
            "number",
            "state",
            "currency",
            "net",
            "tax",
            "gross",
            "shipping",
            "discount",
            "ship_name",
            "ship_street",
            "ship_postcode",
            "ship_city",
            "ship_country",
            "placed_at",
            "updated_at",
            "lines",
        )
        read_only_fields = fields


class OrderDetailSerializer(OrderSerializer):
    events = OrderEventSerializer(many=True, read_only=True)
    payments = serializers.SerializerMethodField(help_text="References of the payments, the newest first.")

    class Meta(OrderSerializer.Meta):
        fields = (*OrderSerializer.Meta.fields, "events", "payments")
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_payments(self, order: Order) -> list[str]:
        return list(payments.payments_of(order.pk).values_list("reference", flat=True))


class CancelSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=200, allow_blank=True, default="")
