from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from monolith.payments.models import Payment, Refund

__all__ = [
    "NewRefundSerializer",
    "PaymentSerializer",
    "ReceivedSerializer",
    "RefundSerializer",
    "WebhookDataSerializer",
    "WebhookSerializer",
]


class RefundSerializer(serializers.ModelSerializer[Refund]):
    class Meta:
        model = Refund
        fields = ("amount", "reason", "created_at")
        read_only_fields = fields


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    order = serializers.CharField(source="order.number", read_only=True, help_text="The order's number.")
    refunds = RefundSerializer(many=True, read_only=True)

    class Meta:
        model = Payment
        fields = (
            "reference",
            "order",
            "amount",
            "currency",
            "state",
            "card_last4",
            "reason",
            "created_at",
            "settled_at",
            "refunds",
        )
        read_only_fields = fields


class NewRefundSerializer(serializers.Serializer[Any]):
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal("0.01"))
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")


class WebhookDataSerializer(serializers.Serializer[Any]):
    reference = serializers.CharField()
    reason = serializers.CharField(required=False)


class WebhookSerializer(serializers.Serializer[Any]):
    """The provider's message. It is read from the signed bytes; this describes it."""

    id = serializers.CharField(max_length=64)
    type = serializers.CharField(help_text="payment.succeeded or payment.failed.")
    data = WebhookDataSerializer()  # type: ignore[assignment]  # a field, not the property of that name


class ReceivedSerializer(serializers.Serializer[Any]):
    news = serializers.BooleanField(help_text="False when the same message came before: then nothing was done.")
