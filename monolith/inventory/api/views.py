from __future__ import annotations

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monolith.inventory import services

__all__ = ["StockList", "StockOfOne"]

_MOST: Final = 100
_LARGEST_ID: Final = 2**63 - 1


class StockSerializer(serializers.Serializer[services.StockLevel]):
    """What is left to sell of one product."""

    product = serializers.IntegerField(source="product_id")
    sellable = serializers.IntegerField(min_value=0, help_text="Units on the shelf less those promised.")
    availability = serializers.CharField(help_text="in_stock, low or out_of_stock.")


class StockQuerySerializer(serializers.Serializer[Any]):
    product = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=_LARGEST_ID), min_length=1, max_length=_MOST
    )


class StockList(APIView):
    """What is left of the products asked for, by id; products never stocked are left out."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="stock_list",
        parameters=[
            OpenApiParameter(
                "product",
                OpenApiTypes.INT64,
                required=True,
                many=True,
                description=f"A product's id; up to {_MOST} of them.",
            )
        ],
        responses=StockSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        asked = StockQuerySerializer(data={"product": request.query_params.getlist("product")})
        asked.is_valid(raise_exception=True)
        levels = _levels(asked.validated_data["product"])
        return Response([StockSerializer(levels[pk]).data for pk in sorted(levels)])


class StockOfOne(APIView):
    """What is left of one product."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="stock_retrieve", responses=StockSerializer)
    def get(self, request: Request, product_id: int) -> Response:
        level = _levels([product_id]).get(product_id) if product_id <= _LARGEST_ID else None
        if level is None:
            raise NotFound
        return Response(StockSerializer(level).data)


def _levels(product_ids: list[int]) -> dict[int, services.StockLevel]:
    return services.levels(services.on_hand(product_ids))
