from __future__ import annotations

from django.urls import URLPattern, path

from monolith.catalog.api import views

urlpatterns: list[URLPattern] = [
    path("products/", views.ProductList.as_view(), name="api-products"),
    path("products/<int:id>/", views.ProductDetail.as_view(), name="api-product"),
    path("products/<int:id>/reviews/", views.ReviewList.as_view(), name="api-reviews"),
    path("categories/", views.CategoryList.as_view(), name="api-categories"),
]
