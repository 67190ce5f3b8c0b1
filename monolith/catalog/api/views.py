"""The catalogue's API. The four reads are public and know no session, so that a service can answer them as well."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle, BaseThrottle

from monolith.accounts.services import customer_of
from monolith.catalog import services
from monolith.catalog.api.filters import ProductFilter, ProductFilterBackend
from monolith.catalog.api.serializers import (
    CategorySerializer,
    NewReviewSerializer,
    ProductDetailSerializer,
    ProductSerializer,
    ReviewSerializer,
)
from monolith.catalog.categories import CategoryTree
from monolith.catalog.models import Category, Product, Review
from monolith.paging import Pages

__all__ = ["CategoryList", "ProductDetail", "ProductList", "ReviewList"]


class _WithTree:
    """A view whose answers name categories by their paths."""

    @cached_property
    def tree(self) -> CategoryTree:
        return CategoryTree.load()

    def get_serializer_context(self) -> dict[str, Any]:
        context: dict[str, Any] = super().get_serializer_context()  # type: ignore[misc]  # a mixin of API views
        return {**context, "tree": self.tree}


@extend_schema_view(get=extend_schema(operation_id="products_list", auth=[]))
class ProductList(_WithTree, generics.ListAPIView[Product]):
    """Products on sale: filtered, searched, ordered, by pages."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AnonRateThrottle,)
    queryset = Product.objects.visible().select_related("category").defer("description", "attributes")
    serializer_class = ProductSerializer
    pagination_class = Pages
    filter_backends = (ProductFilterBackend,)
    filterset_class = ProductFilter


@extend_schema_view(get=extend_schema(operation_id="products_retrieve", auth=[]))
class ProductDetail(_WithTree, generics.RetrieveAPIView[Product]):
    """One product, discontinued ones included."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AnonRateThrottle,)
    queryset = Product.objects.published().select_related("category")
    serializer_class = ProductDetailSerializer
    filter_backends = ()
    lookup_url_kwarg = "id"


@extend_schema_view(get=extend_schema(operation_id="categories_list", auth=[]))
class CategoryList(_WithTree, generics.ListAPIView[Category]):
    """All categories in the order of their paths, in one answer."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AnonRateThrottle,)
    queryset = Category.objects.all()
    serializer_class = CategorySerializer
    pagination_class = None
    filter_backends = ()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self.get_serializer(self.tree.by_path(), many=True).data)

    def get_serializer_context(self) -> dict[str, Any]:
        rows = Product.objects.visible().order_by().values_list("category_id").annotate(Count("pk"))
        return {**super().get_serializer_context(), "counts": dict(rows)}


@extend_schema_view(get=extend_schema(operation_id="products_reviews_list", auth=[]))
class ReviewList(generics.ListAPIView[Review]):
    """What customers think of a product: the approved reviews, the newest first."""

    serializer_class = ReviewSerializer
    pagination_class = Pages
    filter_backends = ()
    queryset = Review.objects.approved()

    @property
    def _reads(self) -> bool:
        # Without a request only while the schema is drawn.
        return getattr(self.request, "method", "GET") in SAFE_METHODS

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [] if self._reads else super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self._reads else IsAuthenticated()]

    def get_throttles(self) -> list[BaseThrottle]:
        return [AnonRateThrottle()] if self._reads else super().get_throttles()

    def get_queryset(self) -> QuerySet[Review]:
        if getattr(self, "swagger_fake_view", False):
            return Review.objects.none()
        return Review.objects.approved().filter(product_id=self._product_id()).order_by("-created_at", "-id")

    @extend_schema(
        operation_id="products_reviews_create", request=NewReviewSerializer, responses={201: ReviewSerializer}
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Writes a review; it is shown once somebody has approved it."""
        product_id = self._product_id()
        asked = NewReviewSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        author = customer_of(request.user)
        if author is None:
            raise NotAuthenticated
        review = services.submit_review(
            product_id, author_id=author.pk, author_name=author.display_name, **asked.validated_data
        )
        return Response(self.get_serializer(review).data, status=status.HTTP_201_CREATED)

    def _product_id(self) -> int:
        shown = Product.objects.published().only("pk")
        return get_object_or_404(shown, pk=self.kwargs["id"]).pk
