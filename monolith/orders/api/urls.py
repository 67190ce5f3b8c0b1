from __future__ import annotations

from django.urls import URLPattern, path

from monolith.orders.api import views

urlpatterns: list[URLPattern] = [
    path("orders/", views.OrderList.as_view(), name="api-orders"),
    path("orders/<slug:number>/", views.OrderDetail.as_view(), name="api-order"),
    path("orders/<slug:number>/cancel/", views.OrderCancel.as_view(), name="api-order-cancel"),
]
