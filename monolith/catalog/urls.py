from __future__ import annotations

from django.urls import path

from monolith.catalog import views

app_name = "catalog"
urlpatterns = [
    path("", views.home, name="home"),
    path("categories/<slug:slug>/", views.category, name="category"),
    path("search/", views.search, name="search"),
    path("products/<int:product_id>/", views.product_by_id, name="product-by-id"),
    path("products/<int:product_id>-<slug:slug>/", views.product, name="product"),
    path("export/catalog.csv", views.export, name="export"),
]
