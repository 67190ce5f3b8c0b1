from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from monolith.accounts.services import customer_of
from monolith.checkout import services

__all__ = ["CheckoutView"]

_LONGEST_KEY = 80


class PurchaseSerializer(serializers.Serializer[Any]):
    """Where to send what is in the cart, and the card that pays."""

    name = serializers.CharField(max_length=120)
    street = serializers.CharField(max_length=200)
    postcode = serializers.CharField(max_length=20)
    city = serializers.CharField(max_length=120)
    country = serializers.RegexField(r"^[A-Z]{2}\Z", default="DE", help_text="Two capital letters, as ISO 3166 has it.")
    card = serializers.RegexField(
        r"^(?:[0-9] ?){11,18}[0-9]\Z", write_only=True, help_text="12 to 19 digits, blanks between allowed."
    )


class PlacedOrderSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.CharField(help_text="paid, pending_payment, or payment_failed: then the cart is kept.")
    gross = serializers.DecimalField(max_digits=12, decimal_places=2)
    currency = serializers.CharField()
    url = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, order: Any) -> str:
        request: Request = self.context["request"]
        return request.build_absolute_uri(reverse("api-order", args=[order.number]))


class CheckoutView(APIView):
    """Buys what is in the cart, all or nothing. The same Idempotency-Key never buys twice."""

    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "checkout"

    @extend_schema(
        operation_id="checkout_create",
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": _LONGEST_KEY},
                OpenApiParameter.HEADER,
                required=True,
                description="Chosen by the client for one purchase and sent again with each repetition of it.",
            )
        ],
        request=PurchaseSerializer,
        responses={201: PlacedOrderSerializer},
    )
    def post(self, request: Request) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise serializers.ValidationError(
                {"Idempotency-Key": [f"Send this header with 1 to {_LONGEST_KEY} characters of your own choice."]}
            )
        asked = PurchaseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        customer = customer_of(request.user)
        if customer is None:
            raise NotAuthenticated
        address = dict(asked.validated_data)
        card = address.pop("card").replace(" ", "")
        order = services.place_order(customer, services.ShippingAddress(**address), card, idempotency_key=key)
        return Response(PlacedOrderSerializer(order, context={"request": request}).data, status=201)
