from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.permissions import AllowAny, IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monolith.accounts.services import customer_of
from monolith.payments import services
from monolith.payments.api.serializers import (
    NewRefundSerializer,
    PaymentSerializer,
    ReceivedSerializer,
    RefundSerializer,
    WebhookSerializer,
)
from monolith.payments.models import Payment

__all__ = ["PaymentDetail", "PaymentRefund", "PaymentWebhook"]


class _OwnPayments(generics.GenericAPIView[Payment]):
    """Payments of a customer's own orders; staff see all. What is not seen is not found."""

    queryset = Payment.objects.select_related("order").prefetch_related("refunds")
    serializer_class = PaymentSerializer
    filter_backends = ()
    lookup_field = "reference"

    def get_queryset(self) -> QuerySet[Payment]:
        found = super().get_queryset()
        customer = None if getattr(self, "swagger_fake_view", False) else customer_of(self.request.user)
        if customer is None:
            return found.none()
        return found if customer.is_staff else found.filter(order__customer_id=customer.pk)


@extend_schema_view(get=extend_schema(operation_id="payments_retrieve"))
class PaymentDetail(_OwnPayments, generics.RetrieveAPIView[Payment]):
    """One payment and what was given back of it."""


class PaymentRefund(_OwnPayments):
    permission_classes = (IsAdminUser,)

    @extend_schema(operation_id="payments_refund", request=NewRefundSerializer, responses={201: RefundSerializer})
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Gives back a part of a payment, or all; for staff. The order's state stays."""
        asked = NewRefundSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        refund = services.refund_payment(self.get_object().pk, **asked.validated_data)
        return Response(RefundSerializer(refund).data, status=201)


class PaymentWebhook(APIView):
    """Where the payment provider tells how a payment has ended. Each message works once."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    # The signature is the gate; a provider that is sent away comes back with more.
    throttle_classes = ()

    @extend_schema(
        operation_id="payments_webhook",
        auth=[],
        parameters=[
            OpenApiParameter(
                "X-Payment-Signature",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="HMAC-SHA256 of the body under the shared secret, in hexadecimal digits.",
            )
        ],
        request=WebhookSerializer,
        responses={200: ReceivedSerializer},
    )
    def post(self, request: Request) -> Response:
        news = services.receive_webhook(request.body, request.headers.get("X-Payment-Signature", ""))
        return Response({"news": news})
