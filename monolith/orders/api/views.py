from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from monolith.accounts.services import customer_of
from monolith.orders import services
from monolith.orders.api.serializers import CancelSerializer, OrderDetailSerializer, OrderSerializer
from monolith.orders.models import Order

__all__ = ["OrderCancel", "OrderDetail", "OrderList"]


class _OwnOrders(generics.GenericAPIView[Order]):
    """A customer's own orders; staff see everybody's. What is not seen is not found."""

    queryset = Order.objects.all()
    lookup_field = "number"

    def get_queryset(self) -> QuerySet[Order]:
        customer = None if getattr(self, "swagger_fake_view", False) else customer_of(self.request.user)
        if customer is None:
            return Order.objects.none()
        return Order.objects.prefetch_related("lines") if customer.is_staff else services.orders_of(customer.pk)


@extend_schema_view(get=extend_schema(operation_id="orders_list"))
class OrderList(_OwnOrders, generics.ListAPIView[Order]):
    """Orders, the newest first."""

    serializer_class = OrderSerializer
    filterset_fields = ("state",)


@extend_schema_view(get=extend_schema(operation_id="orders_retrieve"))
class OrderDetail(_OwnOrders, generics.RetrieveAPIView[Order]):
    """One order with all that has happened to it."""

    serializer_class = OrderDetailSerializer
    filter_backends = ()


class OrderCancel(_OwnOrders):
    serializer_class = OrderDetailSerializer
    filter_backends = ()

    @extend_schema(operation_id="orders_cancel", request=CancelSerializer, responses=OrderDetailSerializer)
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Calls an order off; a paid one that has not left yet is refunded."""
        asked = CancelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        order = self.get_object()
        services.cancel(order.pk, asked.validated_data["note"])
        return Response(self.get_serializer(self.get_object()).data)
