from __future__ import annotations

from django.urls import URLPattern, path

from monolith.inventory.api import views

urlpatterns: list[URLPattern] = [
    path("stock/", views.StockList.as_view(), name="api-stock"),
    path("stock/<int:product_id>/", views.StockOfOne.as_view(), name="api-stock-of-one"),
]
