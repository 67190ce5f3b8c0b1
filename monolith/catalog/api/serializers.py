"""The catalogue's public shapes. Key order is part of the contract: the catalogue service sends the same bytes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from monolith.catalog.categories import CategoryTree
from monolith.catalog.models import Category, Product, Review

__all__ = [
    "CategorySerializer",
    "NewReviewSerializer",
    "ProductDetailSerializer",
    "ProductSerializer",
    "ReviewSerializer",
]


class ShelfSerializer(serializers.ModelSerializer[Category]):
    """A product's category. The context holds the ``tree``."""

    path = serializers.SerializerMethodField(help_text="The slugs from the top down: kitchen/knives.")

    class Meta:
        model = Category
        fields = ("id", "slug", "name", "path")
        read_only_fields = fields

    def get_path(self, category: Category) -> str:
        tree: CategoryTree = self.context["tree"]
        # Moved between the two queries at the worst: then it is told where it stood.
        return tree.paths.get(category.pk, category.slug)


class CategorySerializer(ShelfSerializer):
    """A category of the list. The context holds the ``tree`` and ``counts``: visible products by category id."""

    parent = serializers.IntegerField(  # type: ignore[assignment]  # `parent` of a nested serializer is another thing
        source="parent_id", read_only=True, allow_null=True
    )
    product_count = serializers.SerializerMethodField(help_text="Products listed directly in it.")

    class Meta:
        model = Category
        fields = ("id", "slug", "name", "path", "parent", "product_count")
        read_only_fields = fields

    def get_product_count(self, category: Category) -> int:
        counts: dict[int, int] = self.context["counts"]
        return counts.get(category.pk, 0)


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product of the list. The context holds ``request`` and ``tree``; ``category`` is loaded beforehand."""

    url = serializers.SerializerMethodField(help_text="The product's page.")
    category = ShelfSerializer(read_only=True)
    price_with_tax = serializers.DecimalField(
        max_digits=12, decimal_places=2, read_only=True, help_text="What is paid today, tax included."
    )
    rating = serializers.DecimalField(
        max_digits=3, decimal_places=2, read_only=True, allow_null=True, help_text="The mean of the stars."
    )
    image = serializers.ImageField(read_only=True, allow_null=True)

    class Meta:
        model = Product
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "sku",
            "slug",
            "name",
            "url",
            "category",
            "price",
            "currency",
            "tax_rate",
            "price_with_tax",
            "sale_price",
            "availability",
            "rating",
            "review_count",
            "image",
            "created_at",
        )
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, product: Product) -> str:
        return self._absolute(reverse("catalog:product", args=[product.pk, product.slug]))

    def _absolute(self, path: str) -> str:
        request: Request = self.context["request"]
        return request.build_absolute_uri(path)


class ProductDetailSerializer(ProductSerializer):
    attributes = serializers.SerializerMethodField(help_text="By name; sorted by it.")
    discontinued = serializers.BooleanField(source="is_discontinued", read_only=True)
    reviews_url = serializers.SerializerMethodField()

    class Meta(ProductSerializer.Meta):
        fields = (
            *ProductSerializer.Meta.fields,
            "description",
            "attributes",
            "weight_grams",
            "discontinued",
            "updated_at",
            "reviews_url",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_attributes(self, product: Product) -> dict[str, Any]:
        # PostgreSQL keeps no order of keys, SQLite does: sorted, both answer alike.
        return dict(sorted(product.attributes.items()))

    @extend_schema_field(OpenApiTypes.URI)
    def get_reviews_url(self, product: Product) -> str:
        return self._absolute(reverse("api-reviews", args=[product.pk]))


class ReviewSerializer(serializers.ModelSerializer[Review]):
    author = serializers.CharField(source="author_name", read_only=True)

    class Meta:
        model = Review
        fields = ("id", "author", "stars", "title", "body", "created_at")
        read_only_fields = fields


class NewReviewSerializer(serializers.Serializer[Any]):
    """What a customer thinks of a product."""

    stars = serializers.IntegerField(min_value=1, max_value=5)
    title = serializers.CharField(max_length=120, allow_blank=True, default="")
    body = serializers.CharField(max_length=5000, allow_blank=True, default="")
