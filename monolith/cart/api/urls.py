from __future__ import annotations

from django.urls import URLPattern, path

from monolith.cart.api import views

urlpatterns: list[URLPattern] = [
    path("cart/", views.CartView.as_view(), name="api-cart"),
    path("cart/items/", views.CartItemsView.as_view(), name="api-cart-items"),
    path("cart/items/<int:product_id>/", views.CartItemView.as_view(), name="api-cart-item"),
]
