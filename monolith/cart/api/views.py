from __future__ import annotations

from typing import Any

from django.conf import settings
from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monolith.cart import services

__all__ = ["CartItemView", "CartItemsView", "CartView"]

_LARGEST_ID = 2**63 - 1


class CartLineSerializer(serializers.Serializer[Any]):
    """A line at today's price; ``unit_gross``, ``discount`` and ``gross`` include the tax."""

    product = serializers.IntegerField(source="line.product_id")
    sku = serializers.CharField(source="line.sku")
    name = serializers.CharField(source="line.name")
    quantity = serializers.IntegerField(source="line.quantity")
    unit_gross = serializers.DecimalField(max_digits=12, decimal_places=2)
    discount = serializers.DecimalField(max_digits=12, decimal_places=2)
    promotion = serializers.CharField()
    net = serializers.DecimalField(max_digits=12, decimal_places=2)
    tax = serializers.DecimalField(max_digits=12, decimal_places=2)
    gross = serializers.DecimalField(max_digits=12, decimal_places=2)


class CartSerializer(serializers.Serializer[services.CartView]):
    """A cart at today's prices. ``gone`` are products put in earlier that are no longer sold."""

    lines = CartLineSerializer(many=True, source="price.lines")
    gone = serializers.ListField(child=serializers.IntegerField())
    count = serializers.IntegerField(help_text="Units in all.")
    currency = serializers.CharField()
    goods = serializers.DecimalField(max_digits=12, decimal_places=2, source="price.goods")
    discount = serializers.DecimalField(max_digits=12, decimal_places=2, source="price.discount")
    shipping = serializers.DecimalField(max_digits=12, decimal_places=2, source="price.shipping")
    net = serializers.DecimalField(max_digits=12, decimal_places=2, source="price.net")
    tax = serializers.DecimalField(max_digits=12, decimal_places=2, source="price.tax")
    gross = serializers.DecimalField(max_digits=12, decimal_places=2, source="price.gross")


class NewItemSerializer(serializers.Serializer[Any]):
    product = serializers.IntegerField(min_value=1, max_value=_LARGEST_ID)
    quantity = serializers.IntegerField(min_value=1, max_value=1000, default=1)


class QuantitySerializer(serializers.Serializer[Any]):
    quantity = serializers.IntegerField(min_value=0, max_value=1000, help_text="0 takes the product out.")


class _CartAPI(APIView):
    """For customers and visitors. Whoever is known by a cookie shows the form token with every write.

    Every answer sets the cookie of that token, so the first write, which comes without a session, is free.
    """

    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not request.user.is_authenticated and settings.SESSION_COOKIE_NAME in request.COOKIES:
            SessionAuthentication().enforce_csrf(request)

    def answer(self, request: Request, status: int = 200) -> Response:
        get_token(request._request)
        return Response(CartSerializer(services.view(services.basket_for(request))).data, status=status)


class CartView(_CartAPI):
    """The cart of whoever asks: the customer's, or the session's."""

    @extend_schema(operation_id="cart_retrieve", responses={200: CartSerializer})
    def get(self, request: Request) -> Response:
        return self.answer(request)

    @extend_schema(operation_id="cart_clear", responses={200: CartSerializer})
    def delete(self, request: Request) -> Response:
        """Empties the cart."""
        services.basket_for(request).clear()
        return self.answer(request)


class CartItemsView(_CartAPI):
    @extend_schema(operation_id="cart_items_create", request=NewItemSerializer, responses={201: CartSerializer})
    def post(self, request: Request) -> Response:
        """Puts in so many more of a product."""
        asked = NewItemSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.add(services.basket_for(request), asked.validated_data["product"], asked.validated_data["quantity"])
        return self.answer(request, 201)


class CartItemView(_CartAPI):
    @extend_schema(operation_id="cart_items_update", request=QuantitySerializer, responses={200: CartSerializer})
    def patch(self, request: Request, product_id: int) -> Response:
        """Makes it so many units of a product that is in the cart."""
        asked = QuantitySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        basket = services.basket_for(request)
        if product_id not in basket.quantities():
            raise NotFound
        services.set_quantity(basket, product_id, asked.validated_data["quantity"])
        return self.answer(request)

    @extend_schema(operation_id="cart_items_destroy", responses={200: CartSerializer})
    def delete(self, request: Request, product_id: int) -> Response:
        """Takes a product out; one that is not in the cart is out already."""
        basket = services.basket_for(request)
        if product_id in basket.quantities():
            services.remove(basket, product_id)
        return self.answer(request)
